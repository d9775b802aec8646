import { signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const key = 'slipway.theme';

function stored(): Theme {
  const value = localStorage.getItem(key);
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** What the user chose. `system` follows the operating system. */
export const theme = signal<Theme>(stored());

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next === 'system') {
    localStorage.removeItem(key);
    delete document.documentElement.dataset['theme'];
  } else {
    localStorage.setItem(key, next);
    document.documentElement.dataset['theme'] = next;
  }
}
