import type { Caller } from '../../../contracts/identity/principal.ts';
import { can } from '../../../domain/identity/check-access.ts';
import type { CredentialWatch } from '../../../domain/identity/watch-credentials.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';

/**
 * Fires `stop` when whoever follows a log may no longer read it: the session or token is revoked, the user is
 * deactivated, or `pipeline:read` on the project is lost. Stops to watch when `stop` fires.
 */
export function watchFollower(
  parts: { db: PrismaClient; credentials: CredentialWatch },
  { principal }: Caller,
  projectId: string,
  stop: AbortController,
): void {
  const askAgain = async (accessEpoch: bigint): Promise<void> => {
    const now = { ...principal, accessEpoch };
    if (!(await can(parts.db, now, 'pipeline:read', projectId))) stop.abort();
  };
  const unwatch = parts.credentials.watch(principal, {
    onEnd: () => stop.abort(),
    // who cannot be asked about is let go: a follower comes back by itself and is asked then
    onAccessChange: (epoch) => void askAgain(epoch).catch(() => stop.abort()),
  });
  stop.signal.addEventListener('abort', unwatch, { once: true });
}
