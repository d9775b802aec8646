import { computed, signal } from '@preact/signals';
import { call, whenSignedOut } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import type { Me } from '../api/types.ts';
import { holds } from '../lib/permissions.ts';
import { clearCache } from './load.ts';

/** Who is signed in: `undefined` while asking, `null` when nobody is. */
export const me = signal<Me | null | undefined>(undefined);

/** Name of who is signed in, or ''. */
export const myName = computed(() => me.value?.name ?? '');

/** True when the signed-in user has a global permission. The server checks again; this only hides what is of no use. */
export function can(permission: string): boolean {
  return holds(me.value?.permissions ?? [], permission);
}

/** Tells the other pages of this browser, which have the same cookie, that it is another's now, or nobody's. */
const others = new BroadcastChannel('slipway.session');

/** Asks who is signed in. */
export async function loadSession(): Promise<void> {
  try {
    me.value = await call('get', '/api/v1/auth/me');
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) me.value = null;
    else throw error;
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  await call('post', '/api/v1/auth/login', { body: { name, password } });
  clearCache();
  await loadSession();
  others.postMessage('changed');
}

/**
 * Asks whether who was signed in still is: a page that nobody is signed in for shows the sign-in page, and one of
 * another person begins anew, because what it shows and what was typed is the first one's.
 */
export async function checkSession(tell = true): Promise<void> {
  const before = me.value;
  if (before === undefined) return;
  try {
    const now = await call('get', '/api/v1/auth/me');
    if (before !== null && before.userId !== now.userId) location.reload();
    else me.value = now;
  } catch (error) {
    // Without an answer nothing is known: the next check asks again.
    if (!(error instanceof ApiProblem) || error.status !== 401) return;
    if (before !== null) leave(tell);
  }
}

/** Nobody is signed in here any more. */
function leave(tell: boolean): void {
  me.value = null;
  clearCache();
  if (tell) others.postMessage('changed');
}

export async function signOut(): Promise<void> {
  await call('post', '/api/v1/auth/logout');
  leave(true);
}

whenSignedOut(() => {
  if (me.value) leave(true);
});

others.onmessage = () => {
  void checkSession(false);
};
