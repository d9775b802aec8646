import { deferred } from '../components/deferred.tsx';
import type { ComponentChildren, JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { listGates } from '../api/resources.ts';
import { Button } from '../components/button.tsx';
import { Icon, type IconName } from '../components/icon.tsx';
import { Bell } from './bell.tsx';
import { Breadcrumb } from './breadcrumb.tsx';
import { followEvents, live } from './events.ts';
import { projectPlaces, useKeys, useListKeys } from './keys.ts';
import { useLoad } from './load.ts';
import { can, me } from './session.ts';
import { dismissToast, toasts } from './toasts.ts';
import { UserMenu } from './user-menu.tsx';

const Palette = deferred(() => import('./palette.tsx').then((module) => module.Palette), {
  placeholder: 'none',
});
const KeyHelp = deferred(() => import('./key-help.tsx').then((module) => module.KeyHelp), {
  placeholder: 'none',
});

interface Place {
  href: string;
  text: string;
  icon: IconName;
  /** the start of the addresses beneath it */
  prefix: string;
  /** the bottom bar of small screens has five places, and the user menu leads there too */
  wide?: boolean;
}

function places(): Place[] {
  const all: Place[] = [
    { href: '/', text: 'Home', icon: 'home', prefix: '' },
    { href: '/projects', text: 'Projects', icon: 'project', prefix: '/projects' },
    { href: '/pipelines', text: 'Pipelines', icon: 'workflow', prefix: '/pipelines' },
    { href: '/deployments', text: 'Deployments', icon: 'deploy', prefix: '/deployments' },
    {
      href: '/settings/tokens',
      text: 'Settings',
      icon: 'settings',
      prefix: '/settings',
      wide: true,
    },
  ];
  if (can('users:read') || can('admin:users') || can('admin:read')) {
    all.push({ href: '/admin/users', text: 'Admin', icon: 'shield', prefix: '/admin' });
  }
  return all;
}

/** Keys that lead to a part of the project that one is in; elsewhere one picks a project first. */
function inProject(path: string, route: (to: string) => void): Record<string, () => void> {
  const project = /^\/projects\/[^/]+\/[^/]+/.exec(path)?.[0];
  return Object.fromEntries(
    projectPlaces.map(({ keys, page }) => [
      keys,
      () => {
        route(project === undefined ? '/projects' : `${project}/${page}`);
      },
    ]),
  );
}

const railKey = 'slipway.rail';

/** Rail, top bar and the page in it; also the keys that work everywhere and the connection for live changes. */
export function Shell({ children }: { children: ComponentChildren }): JSX.Element {
  const { path, route } = useLocation();
  const [collapsed, setCollapsed] = useState(localStorage.getItem(railKey) === 'collapsed');
  const [overlay, setOverlay] = useState<'palette' | 'keys' | null>(null);
  const userId = me.value?.userId;
  useEffect(() => (userId === undefined ? undefined : followEvents(userId)), [userId]);
  useListKeys();
  const go = (to: string) => () => {
    route(to);
  };
  useKeys({
    'mod+k': () => {
      setOverlay('palette');
    },
    '?': () => {
      setOverlay('keys');
    },
    '/': () => {
      document.querySelector<HTMLElement>('[data-filter]')?.focus();
    },
    'g h': go('/'),
    'g p': go('/projects'),
    'g r': go('/pipelines'),
    'g d': go('/deployments'),
    'g w': go('/gates'),
    'g o': go('/deployments/ops-repos'),
    ...inProject(path, route),
    'g n': go('/notifications'),
    'g t': go('/settings/tokens'),
    'g a': go('/admin/users'),
  });
  const close = (): void => {
    setOverlay(null);
  };
  return (
    <div class={`shell ${collapsed ? 'collapsed' : ''}`}>
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <Rail
        path={path}
        onToggle={() => {
          localStorage.setItem(railKey, collapsed ? 'open' : 'collapsed');
          setCollapsed(!collapsed);
        }}
        collapsed={collapsed}
      />
      <header class="topbar">
        <Breadcrumb />
        <button
          type="button"
          class="search-button"
          aria-keyshortcuts="Control+K"
          onClick={() => {
            setOverlay('palette');
          }}
        >
          <Icon name="search" />
          <span class="search-word">Search</span>
          <kbd class="wide-only" aria-hidden="true">
            Ctrl K
          </kbd>
        </button>
        <OpenGates />
        <Bell />
        <UserMenu
          onKeys={() => {
            setOverlay('keys');
          }}
        />
      </header>
      <main id="main" tabIndex={-1}>
        {live.value !== 'on' && (
          <p class="offline" role="status">
            <Icon name="warning" />{' '}
            {live.value === 'lost'
              ? 'Live changes are interrupted. Connecting again …'
              : 'Live changes are switched off on this server. Reload the page to see what is new.'}
          </p>
        )}
        {children}
      </main>
      {overlay === 'palette' && <Palette onClose={close} />}
      {overlay === 'keys' && <KeyHelp onClose={close} />}
      <Toasts />
    </div>
  );
}

function Rail({
  path,
  collapsed,
  onToggle,
}: {
  path: string;
  collapsed: boolean;
  onToggle: () => void;
}): JSX.Element {
  return (
    <nav class="rail" aria-label="Main">
      <a class="brand" href="/">
        <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 22h26l-4 6H8z" fill="currentColor" />
          <path d="M15 3v15H6zM18 7v11h9z" fill="currentColor" />
        </svg>
        <span>Slipway</span>
      </a>
      <ul>
        {places().map((place) => {
          const current = place.prefix === '' ? path === '/' : path.startsWith(place.prefix);
          return (
            <li key={place.href} class={place.wide ? 'rail-wide' : ''}>
              <a
                href={place.href}
                aria-current={current ? 'page' : undefined}
                title={collapsed ? place.text : undefined}
              >
                <Icon name={place.icon} />
                <span>{place.text}</span>
              </a>
            </li>
          );
        })}
      </ul>
      <div class="rail-foot">
        <Button
          kind="quiet"
          icon="rail"
          label={collapsed ? 'Widen the navigation' : 'Narrow the navigation'}
          onClick={onToggle}
        />
      </div>
    </nav>
  );
}

function OpenGates(): JSX.Element {
  const gates = useLoad('gates/open', () => listGates());
  const count = gates.data?.items.length ?? 0;
  const label = `${count} ${count === 1 ? 'gate' : 'gates'} waiting for you`;
  return (
    <a
      class={`gates-button ${count > 0 ? 'some' : ''}`}
      href="/gates"
      aria-label={label}
      title={label}
    >
      <Icon name="waiting" />
      <span class="num">{count}</span>
    </a>
  );
}

function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((each) => (
        <div key={each.id} class={`toast ${each.tone}`}>
          <Icon name={each.tone === 'failure' ? 'alert' : 'check'} />
          <span class="grow">{each.text}</span>
          <Button
            kind="quiet"
            small
            icon="x"
            label="Dismiss"
            onClick={() => {
              dismissToast(each.id);
            }}
          />
        </div>
      ))}
    </div>
  );
}
