import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { projectPath } from './location.ts';

interface Crumb {
  text: string;
  href: string;
}

/** What a page knows better than its address does: the project and number of a run. */
const told = signal<Crumb[] | null>(null);

/** Sets the breadcrumb while a page is shown. */
export function useCrumbs(crumbs: Crumb[] | null): void {
  const key = JSON.stringify(crumbs);
  useEffect(() => {
    told.value = JSON.parse(key) as Crumb[] | null;
    return () => {
      told.value = null;
    };
  }, [key]);
}

const words: Readonly<Record<string, string>> = {
  projects: 'Projects',
  pipelines: 'Pipelines',
  deployments: 'Deployments',
  'ops-repos': 'Ops repositories',
  gates: 'Gates',
  changes: 'Changes',
  issues: 'Issues',
  'merge-requests': 'Merge requests',
  notifications: 'Notifications',
  settings: 'Settings',
  admin: 'Admin',
  new: 'New project',
  branches: 'Branches',
  commits: 'Commits',
  secrets: 'Secrets',
  members: 'Members',
  tokens: 'API tokens',
  profile: 'Profile',
  users: 'Users',
  roles: 'Roles',
  bindings: 'Role bindings',
  delegations: 'Delegations',
  audit: 'Audit',
};

function fromPath(path: string): Crumb[] {
  const [area, second, third, page, item] = path.split('/').filter(Boolean).map(decode);
  if (area === undefined) return [{ text: 'Home', href: '/' }];
  if (area === 'projects' && second !== undefined && third !== undefined) {
    const project = projectPath(second, third);
    const crumbs = [
      { text: 'Projects', href: '/projects' },
      { text: second, href: `/projects?q=${encodeURIComponent(second)}` },
      { text: third, href: project },
    ];
    // a page of a project by its word, and one thing of it by its number or name
    const word = page === undefined ? undefined : words[page];
    if (page !== undefined && word !== undefined) {
      crumbs.push({ text: word, href: `${project}/${page}` });
      if (item !== undefined && /^\d+$/.test(item)) {
        crumbs.push({ text: `${page === 'issues' ? '#' : '!'}${item}`, href: path });
      }
    }
    return crumbs;
  }
  const crumbs = [
    {
      text: words[area] ?? area,
      href:
        area === 'settings' ? '/settings/tokens' : area === 'admin' ? '/admin/users' : `/${area}`,
    },
  ];
  const word = second === undefined ? undefined : words[second];
  if (word !== undefined) crumbs.push({ text: word, href: path });
  return crumbs;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Where one is, from the outside in; each part leads there. */
export function Breadcrumb(): JSX.Element {
  const { path } = useLocation();
  const crumbs = told.value ?? fromPath(path);
  return (
    <nav class="breadcrumb" aria-label="Breadcrumb">
      <ol>
        {crumbs.map((crumb, index) => (
          <li key={crumb.href + crumb.text}>
            <a href={crumb.href} aria-current={index === crumbs.length - 1 ? 'page' : undefined}>
              {crumb.text}
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}
