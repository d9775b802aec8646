import type { Caller, RequestContext } from '../../contracts/identity/principal.ts';
import { anonymousPrincipal } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient, User } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkPassword, type LoginLimits } from './check-password.ts';
import { normalizeName } from './names.ts';
import { openSession, type NewSession } from './sessions.ts';
import { toUserRecord, type UserRecord } from './user-record.ts';

export interface LoginInput {
  name: string;
  password: string;
  userAgent: string | null;
}

export interface LoginSettings extends LoginLimits {
  sessionMs: number;
}

export interface LoggedIn {
  session: NewSession;
  user: UserRecord;
}

function callerOf(user: User, request: RequestContext): Caller {
  const kind = 'human';
  return {
    principal: {
      ...anonymousPrincipal,
      userId: user.id,
      userName: user.name,
      kind,
      via: 'session',
    },
    request,
  };
}

/**
 * Signs a person in and opens a session.
 * @throws DomainError `invalid_credentials` (the same for an unknown name and a wrong password) or `rate_limited`
 */
export async function login(
  db: PrismaClient,
  request: RequestContext,
  input: LoginInput,
  settings: LoginSettings,
): Promise<LoggedIn> {
  const { name, password, userAgent } = input;
  const { ipAddr } = request;
  const user = await checkPassword(db, { name, password, ipAddr }, settings);
  if (!user) {
    const nobody: Caller = { principal: anonymousPrincipal, request };
    const detail = { name: normalizeName(name).slice(0, 100) };
    await inTransaction(db, (tx) =>
      writeAudit(tx, nobody, { action: 'session.refused', resource: 'session', detail }),
    );
    throw new DomainError('invalid_credentials', 'Name or password is wrong.');
  }
  const session = await inTransaction(db, async (tx) => {
    const opened = await openSession(tx, settings.sessionMs, {
      userId: user.id,
      ipAddr,
      userAgent,
    });
    await writeAudit(tx, callerOf(user, request), {
      action: 'session.opened',
      resource: 'session',
      resourceId: opened.id,
    });
    return opened;
  });
  return { session, user: toUserRecord(user) };
}
