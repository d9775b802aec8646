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
}

export async function signOut(): Promise<void> {
  await call('post', '/api/v1/auth/logout');
  clearCache();
  me.value = null;
}

whenSignedOut(() => {
  me.value = null;
});
