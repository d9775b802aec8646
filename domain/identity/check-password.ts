import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient, User } from '../../prisma/generated/client.ts';
import {
  attemptKey,
  clearOldAttempts,
  countAttempt,
  forgetAttempts,
  refundAttempt,
} from './login-attempts.ts';
import { normalizeName } from './names.ts';
import { networkOf } from './network-of.ts';
import { verifyPassword } from './password.ts';
import { notifyPasswordGuessing } from './notify-password-guessing.ts';

/** The time, and waiting; tests bring their own. */
export interface LoginClock {
  now: () => Date;
  sleep: (ms: number) => Promise<void>;
}

export interface LoginLimits {
  /** wrong tries of a name from one network within the window; five times as many of a network for all names */
  attempts: number;
  windowMs: number;
  clock?: LoginClock;
}

export interface PasswordCredentials {
  name: string;
  password: string;
  ipAddr: string | null;
}

const realClock: LoginClock = {
  now: () => new Date(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

const firstDelayMs = 100;
const longestDelayMs = 3_000;
/** Answers that are held back at once in this process: waiting costs a connection each. */
const maxHeldBack = 200;
let heldBack = 0;

/** How long the answer to a try of a name waits that was tried too often from anywhere: ever longer, never for good. */
export function delayOf(tries: number, attempts: number): number {
  if (tries <= attempts) return 0;
  return Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(tries - attempts - 1, 10));
}

/** True when this user has signed in from that network and is signed in there yet: at home nobody waits for strangers. */
async function isKnownThere(db: PrismaClient, name: string, network: string): Promise<boolean> {
  const sessions = await db.authSession.findMany({
    where: { user: { name } },
    select: { ipAddr: true },
    orderBy: { createdAt: 'desc' },
    take: 50,
  });
  return sessions.some(({ ipAddr }) => ipAddr !== null && networkOf(ipAddr) === network);
}

async function slowDown(ms: number, clock: LoginClock): Promise<void> {
  if (ms === 0 || heldBack >= maxHeldBack) return;
  heldBack += 1;
  try {
    await clock.sleep(ms);
  } finally {
    heldBack -= 1;
  }
}

function tooMany(seconds: number): DomainError {
  return new DomainError('rate_limited', 'Too many tries. Wait before the next one.', {
    retryAfterSeconds: seconds,
  });
}

/**
 * The active human whose password it is, else null. Before the password is looked at the try is counted: by network,
 * and by name and network together, which are refused over their limits; by name alone it only slows the answer down,
 * so that nobody locks another one out from elsewhere. Names count in their normal form whether they exist or not.
 * @throws DomainError `rate_limited` with the seconds to wait
 */
export async function checkPassword(
  db: PrismaClient,
  { name, password, ipAddr }: PasswordCredentials,
  { attempts, windowMs, clock = realClock }: LoginLimits,
): Promise<User | null> {
  const now = clock.now();
  const normal = normalizeName(name);
  const network = networkOf(ipAddr);
  const addressKey = attemptKey('address', network);
  const pairKey = attemptKey('pair', `${normal}\n${network}`);
  const nameKey = attemptKey('name', normal);
  // In this order: whoever is over the limit of a network leaves no further rows.
  const ofAddress = await countAttempt(db, addressKey, windowMs, now);
  if (ipAddr !== null && ofAddress.count > attempts * 5) throw tooMany(ofAddress.wait);
  const ofPair = await countAttempt(db, pairKey, windowMs, now);
  if (ofPair.count > attempts) throw tooMany(ofPair.wait);
  const ofName = await countAttempt(db, nameKey, windowMs, now);
  const delay = delayOf(ofName.count, attempts);
  if (delay > 0 && !(await isKnownThere(db, normal, network))) await slowDown(delay, clock);
  const user =
    password.length > 1024 ? null : await db.user.findUnique({ where: { name: normal } });
  const matches = await verifyPassword(user?.passwordHash ?? null, password.slice(0, 1024));
  if (user && matches && user.isActive && user.kind === 'human') {
    await forgetAttempts(db, pairKey);
    await refundAttempt(db, addressKey);
    await refundAttempt(db, nameKey);
    return user;
  }
  await clearOldAttempts(db, now);
  if (ofName.count === attempts)
    await notifyPasswordGuessing(db, normal, { tries: attempts, ipAddr });
  return null;
}
