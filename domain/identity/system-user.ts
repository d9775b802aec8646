import { type Caller, noCredential } from '../../contracts/identity/principal.ts';
import type { User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import type { CredentialLimits } from './credential-limits.ts';

/** Fixed, so that every process means the same row; a time of zero marks it as no other user's. */
export const systemUserId = 'usr_00000000000000000000000000';

/**
 * The user that things have as their author which the platform makes by itself. It has no password, no token and no
 * role; made when it is first needed.
 */
export async function ensureSystemUser(db: Db): Promise<User> {
  const found = await db.user.findUnique({ where: { id: systemUserId } });
  if (found !== null) return found;
  // Somebody may have taken the name.
  for (const name of ['slipway', 'slipway-system', newId('user').replace('_', '-')]) {
    await db.user.createMany({
      data: [
        {
          id: systemUserId,
          name,
          email: `${name}@localhost`,
          displayName: 'Slipway',
          kind: 'agent',
        },
      ],
      skipDuplicates: true,
    });
    const made = await db.user.findUnique({ where: { id: systemUserId } });
    if (made !== null) return made;
  }
  throw new Error('the system user could not be made');
}

/** The platform as a caller: it may do everything, and its rows and audit entries name the system user. */
export async function systemCaller(db: Db): Promise<Caller> {
  const { id: userId, name: userName } = await ensureSystemUser(db);
  return {
    principal: { userId, userName, kind: 'system', via: 'system', ...noCredential },
    request: { requestId: newId('request'), ipAddr: null, traceparent: null },
  };
}

/**
 * A caller that acts for a user outside of a request: with the user's own permissions, as they are at this moment, within
 * the limits of the credential that asked for it.
 */
export function callerFor(
  user: Pick<User, 'id' | 'name' | 'kind'>,
  { scopes, projectId, actChain }: CredentialLimits,
  traceparent: string | null = null,
): Caller {
  return {
    principal: {
      userId: user.id,
      userName: user.name,
      kind: user.kind === 'agent' ? 'agent' : 'human',
      via: 'system',
      ...noCredential,
      scopes,
      projectId,
      actChain,
    },
    request: { requestId: newId('request'), ipAddr: null, traceparent },
  };
}
