import type { JSX } from 'preact';
import { deferred } from '../../components/deferred.tsx';
import { useRoute } from 'preact-iso';
import { PageHead, Tabs } from '../../components/page.tsx';
import { NotFound } from '../not-found.tsx';

const pages = {
  tokens: {
    text: 'API tokens',
    page: deferred(() => import('./tokens.tsx').then((m) => m.Tokens)),
  },
  profile: {
    text: 'Profile and sessions',
    page: deferred(() => import('./profile.tsx').then((m) => m.Profile)),
  },
  notifications: {
    text: 'Notifications',
    page: deferred(() => import('../notify/preferences.tsx').then((m) => m.NotifyPreferences)),
  },
} as const;

/** What belongs to the person who is signed in. */
export function Settings(): JSX.Element {
  const { params } = useRoute();
  const at = params['page'] ?? 'tokens';
  if (!(at in pages)) return <NotFound />;
  const { page: Page, text } = pages[at as keyof typeof pages];
  return (
    <>
      <PageHead title="Settings" documentTitle={text} state="Your own account." />
      <Tabs
        label="Settings"
        tabs={Object.entries(pages).map(([name, each]) => ({
          href: `/settings/${name}`,
          text: each.text,
          current: name === at,
        }))}
      />
      <Page />
    </>
  );
}
