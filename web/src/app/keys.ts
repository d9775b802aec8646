import { useEffect, useRef } from 'preact/hooks';

/** Keys that are in force everywhere, as `?` lists them. */
export const keyHelp: readonly { keys: string; does: string }[] = [
  { keys: 'Ctrl K', does: 'Search and commands' },
  { keys: '?', does: 'These keys' },
  { keys: '/', does: 'Filter the list, or search the log' },
  { keys: 'j  k', does: 'Next and previous in a list' },
  { keys: 'Enter', does: 'Open what is selected' },
  { keys: 'g h', does: 'Go to Home' },
  { keys: 'g p', does: 'Go to Projects' },
  { keys: 'g r', does: 'Go to Pipelines' },
  { keys: 'g d', does: 'Go to Deployments' },
  { keys: 'g o', does: 'Go to Ops repositories' },
  { keys: 'g w', does: 'Go to the gates that wait for you' },
  { keys: 'g n', does: 'Go to Notifications' },
  { keys: 'g t', does: 'Go to API tokens' },
  { keys: 'g a', does: 'Go to Admin' },
  { keys: 'g i', does: 'Go to Issues of the project' },
  { keys: 'g m', does: 'Go to Merge requests of the project' },
  { keys: 'g e', does: 'Go to Deployments of the project' },
  { keys: 'f', does: 'Follow the log' },
  { keys: 'w', does: 'Wrap lines of the log' },
  { keys: 'n  N', does: 'Next and previous match in the log' },
];

/** Sequences that lead to a page of the project that one is in. */
export const projectPlaces: readonly { keys: string; page: string }[] = [
  { keys: 'g i', page: 'issues' },
  { keys: 'g m', page: 'merge-requests' },
  { keys: 'g e', page: 'deployments' },
];

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/**
 * Keys of one component. Names are `event.key`, a sequence such as `g p`, or `mod+k`. Plain keys do nothing while
 * somebody types or a dialog is open.
 */
export function useKeys(keys: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    let pending = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.altKey) return;
      const modified = event.ctrlKey || event.metaKey;
      if (modified) {
        const action = latest.current[`mod+${event.key.toLowerCase()}`];
        if (action) act(action, event);
        return;
      }
      if (typing(event.target) || document.querySelector('dialog[open]')) return;
      const sequence = pending === '' ? event.key : `${pending} ${event.key}`;
      pending = '';
      clearTimeout(timer);
      const action = latest.current[sequence] ?? latest.current[event.key];
      if (action) act(action, event);
      else if (Object.keys(latest.current).some((key) => key.startsWith(`${event.key} `))) {
        pending = event.key;
        timer = setTimeout(() => {
          pending = '';
        }, 900);
      }
    };
    addEventListener('keydown', onKey);
    return () => {
      clearTimeout(timer);
      removeEventListener('keydown', onKey);
    };
  }, []);
}

function act(action: (event: KeyboardEvent) => void, event: KeyboardEvent): void {
  event.preventDefault();
  action(event);
}

/** `j`/`k` over the links marked `data-item` in the page. */
export function useListKeys(): void {
  useEffect(() => {
    const move = (event: KeyboardEvent): void => {
      if ((event.key !== 'j' && event.key !== 'k') || event.ctrlKey || event.metaKey) return;
      if (typing(event.target) || document.querySelector('dialog[open]')) return;
      const items = [...document.querySelectorAll<HTMLElement>('main [data-item]')].filter(
        (item) => item.offsetParent !== null,
      );
      if (items.length === 0) return;
      const at = items.indexOf(document.activeElement as HTMLElement);
      const next = event.key === 'j' ? Math.min(at + 1, items.length - 1) : Math.max(at - 1, 0);
      items[next]?.focus();
      items[next]?.scrollIntoView({ block: 'nearest' });
      event.preventDefault();
    };
    addEventListener('keydown', move);
    return () => {
      removeEventListener('keydown', move);
    };
  }, []);
}
