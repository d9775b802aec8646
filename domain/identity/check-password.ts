import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient, User } from '../../prisma/generated/client.ts';
import { countAttempt, forgetAttempts, refundAttempt } from './login-attempts.ts';
import { normalizeName } from './names.ts';
import { verifyPassword } from './password.ts';

export interface LoginLimits {
  /** wrong tries of a name within the window; five times as many of an address */
  attempts: number;
  windowMs: number;
}

export interface PasswordCredentials {
  name: string;
  password: string;
  ipAddr: string | null;
}

/**
 * The active human whose password it is, else null. Every try counts against the name (in its normal form, so that
 * case and space variants are one) and the address before the password is looked at; a right one clears the name.
 * @throws DomainError `rate_limited` with the seconds to wait
 */
export async function checkPassword(
  db: PrismaClient,
  { name, password, ipAddr }: PasswordCredentials,
  limits: LoginLimits,
): Promise<User | null> {
  const normal = normalizeName(name);
  const nameKey = `name:${normal.slice(0, 200)}`;
  const ipKey = ipAddr === null ? null : `ip:${ipAddr}`;
  const wait = Math.max(
    await countAttempt(db, nameKey, limits),
    // many people may share one address
    ipKey === null
      ? 0
      : await countAttempt(db, ipKey, { ...limits, attempts: limits.attempts * 5 }),
  );
  if (wait > 0) {
    throw new DomainError('rate_limited', 'Too many tries. Wait before the next one.', {
      retryAfterSeconds: wait,
    });
  }
  const user =
    password.length > 1024 ? null : await db.user.findUnique({ where: { name: normal } });
  const matches = await verifyPassword(user?.passwordHash ?? null, password.slice(0, 1024));
  if (!user || !matches || !user.isActive || user.kind !== 'human') return null;
  await forgetAttempts(db, nameKey);
  if (ipKey !== null) await refundAttempt(db, ipKey);
  return user;
}
