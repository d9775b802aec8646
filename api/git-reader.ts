import type { Context, MiddlewareHandler } from 'hono';
import type { GitReader } from '../contracts/git/store.ts';
import { isSignedIn } from '../contracts/identity/principal.ts';
import { networkOf } from '../domain/identity/network-of.ts';
import type { AppEnv } from './env.ts';

/** Whose places of git are counted together: a user's, or those of a network where nobody signed in. */
export function answerTaker(c: Context<AppEnv>): { whose: string; isGuest: boolean } {
  const { principal } = c.get('caller');
  return isSignedIn(principal)
    ? { whose: principal.userId, isGuest: false }
    : { whose: networkOf(c.get('ipAddr')), isGuest: true };
}

/**
 * From here on git is read in the name of whoever asks, with the places of their share. A request that only reads leaves
 * the queue, and ends its git, when its client goes away.
 * @param isReading whether the request changes nothing
 */
export function readGitFor(isReading: boolean): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const services = c.get('services');
    const reader = (): GitReader => ({
      ...answerTaker(c),
      // Looked at only where git is read: the signal is made when it is first asked for.
      ...(isReading ? { signal: c.req.raw.signal } : {}),
    });
    c.set('services', {
      ...services,
      get gitStore() {
        return services.gitStore.forReader(reader());
      },
    });
    await next();
  };
}
