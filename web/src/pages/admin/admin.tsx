import type { JSX } from 'preact';
import { deferred } from '../../components/deferred.tsx';
import { useRoute } from 'preact-iso';
import { can } from '../../app/session.ts';
import { ShortAddress } from '../../app/short-address.tsx';
import { Empty } from '../../components/feedback.tsx';
import { PageHead, Tabs } from '../../components/page.tsx';

const pages = {
  users: {
    text: 'Users',
    needs: ['users:read', 'admin:users'],
    page: deferred(() => import('./users.tsx').then((m) => m.Users)),
  },
  roles: {
    text: 'Roles',
    needs: ['admin:read', 'admin:manage', 'users:read'],
    page: deferred(() => import('./roles.tsx').then((m) => m.Roles)),
  },
  bindings: {
    text: 'Role bindings',
    needs: ['admin:read', 'admin:users', 'admin:manage'],
    page: deferred(() => import('./bindings.tsx').then((m) => m.Bindings)),
  },
  delegations: {
    text: 'Delegations',
    needs: ['admin:read', 'admin:delegate', 'admin:manage'],
    page: deferred(() => import('./delegations.tsx').then((m) => m.Delegations)),
  },
  audit: {
    text: 'Audit',
    needs: ['audit:read'],
    page: deferred(() => import('./audit.tsx').then((m) => m.Audit)),
  },
  health: {
    text: 'Health',
    needs: ['admin:read', 'admin:manage'],
    page: deferred(() => import('./health.tsx').then((m) => m.Health)),
  },
} as const;

type Name = keyof typeof pages;
const allowed = (name: Name): boolean => pages[name].needs.some((permission) => can(permission));

/** Who may do what on this installation, and who did. */
export function Admin(): JSX.Element {
  const { params } = useRoute();
  const at = params['page'] ?? 'users';
  // `/admin/name` may be a project of the user called admin
  if (!(at in pages)) return <ShortAddress />;
  const name = at as Name;
  const { page: Page, text, needs } = pages[name];
  const names = Object.keys(pages) as Name[];
  return (
    <>
      <PageHead
        title="Admin"
        documentTitle={text}
        state="Accounts, roles, the record of what was done, and how the installation is."
      />
      <Tabs
        label="Admin"
        tabs={names.filter(allowed).map((each) => ({
          href: `/admin/${each}`,
          text: pages[each].text,
          current: each === name,
        }))}
      />
      {allowed(name) ? (
        <Page />
      ) : (
        <Empty icon="lock" title="You may not see this">
          It needs {needs.join(' or ')}. An administrator can give you a role that has it.
        </Empty>
      )}
    </>
  );
}
