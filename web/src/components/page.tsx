import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon, type IconName } from './icon.tsx';

/** The head that every page has: title, one line of state, the primary action at the right. */
export function PageHead({
  title,
  state,
  actions,
  documentTitle,
  before,
}: {
  title: ComponentChildren;
  state?: ComponentChildren;
  actions?: ComponentChildren;
  documentTitle: string;
  before?: ComponentChildren;
}): JSX.Element {
  useEffect(() => {
    document.title = `${documentTitle} · Slipway`;
  }, [documentTitle]);
  return (
    <header class="page-head">
      <div class="grow">
        <div class="row">
          {before}
          <h1 class="truncate">{title}</h1>
        </div>
        {state && <div class="page-state">{state}</div>}
      </div>
      {actions && <div class="page-actions">{actions}</div>}
    </header>
  );
}

/** A part of a page with a small heading. */
export function Section({
  title,
  aside,
  children,
  id,
}: {
  title: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
  id?: string;
}): JSX.Element {
  return (
    <section class="section" id={id}>
      <header class="section-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** Links to the pages of one thing; the present one is marked. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly {
    href: string;
    text: string;
    icon?: IconName;
    current: boolean;
    count?: number;
  }[];
}): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.href} href={tab.href} aria-current={tab.current ? 'page' : undefined}>
          {tab.icon && <Icon name={tab.icon} />}
          {tab.text}
          {tab.count !== undefined && tab.count > 0 && <span class="count">{tab.count}</span>}
        </a>
      ))}
    </nav>
  );
}
