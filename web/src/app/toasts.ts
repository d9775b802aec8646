import { signal } from '@preact/signals';

export interface Toast {
  id: number;
  tone: 'info' | 'failure';
  text: string;
}

export const toasts = signal<Toast[]>([]);
let last = 0;

/** A short message at the edge of the page; it goes by itself, failures stay longer. */
export function toast(text: string, tone: Toast['tone'] = 'info'): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(-3), { id, tone, text }];
  setTimeout(
    () => {
      dismissToast(id);
    },
    tone === 'failure' ? 9000 : 4000,
  );
}

export function dismissToast(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}
