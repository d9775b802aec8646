import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../components/icon.tsx';
import { me, signOut } from './session.ts';
import { setTheme, theme, type Theme } from './theme.ts';
import { toast } from './toasts.ts';

const themes: readonly { value: Theme; word: string; icon: IconName }[] = [
  { value: 'system', word: 'System', icon: 'monitor' },
  { value: 'light', word: 'Light', icon: 'sun' },
  { value: 'dark', word: 'Dark', icon: 'moon' },
];

/** Who is signed in, the theme, and the way out. */
export function UserMenu({ onKeys }: { onKeys: () => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const user = me.value;
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      const outside = !(event.target instanceof Node && box.current?.contains(event.target));
      if (outside || (event instanceof KeyboardEvent && event.key === 'Escape')) setOpen(false);
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, [open]);
  const shut = (): void => {
    setOpen(false);
  };
  return (
    <div class="user-menu" ref={box}>
      <button
        type="button"
        class="avatar"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <span class="hidden-visually">Account of {user?.name ?? ''}</span>
        <span aria-hidden="true">
          {(user?.displayName ?? user?.name ?? '?').slice(0, 2).toUpperCase()}
        </span>
      </button>
      {open && (
        <div class="menu">
          <div class="menu-head">
            <strong class="truncate">{user?.displayName ?? user?.name}</strong>
            <span class="meta truncate">{user?.email}</span>
          </div>
          <div class="segmented" role="group" aria-label="Theme">
            {themes.map((each) => (
              <button
                key={each.value}
                type="button"
                aria-pressed={theme.value === each.value}
                onClick={() => {
                  setTheme(each.value);
                }}
              >
                <Icon name={each.icon} size={14} />
                {each.word}
              </button>
            ))}
          </div>
          <a href="/settings/profile" onClick={shut}>
            <Icon name="user" /> Profile and sessions
          </a>
          <a href="/settings/tokens" onClick={shut}>
            <Icon name="key" /> API tokens
          </a>
          <button
            type="button"
            onClick={() => {
              shut();
              onKeys();
            }}
          >
            <Icon name="keyboard" /> Keyboard <kbd>?</kbd>
          </button>
          <button
            type="button"
            onClick={() => {
              signOut().catch(() => {
                toast('Signing out did not work. You are still signed in.', 'failure');
              });
            }}
          >
            <Icon name="signout" /> Sign out
          </button>
        </div>
      )}
    </div>
  );
}
