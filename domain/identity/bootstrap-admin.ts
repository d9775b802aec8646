import { randomBytes } from 'node:crypto';
import type { Caller } from '../../contracts/identity/principal.ts';
import { anonymousPrincipal } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { newApiToken } from './api-token.ts';
import { sha256Hex } from './hash-token.ts';
import { hashPassword } from './password.ts';
import { recordChange } from './record-change.ts';

export interface FirstAdmin {
  name: string;
  /** made at random, to be changed after the first sign-in */
  password: string;
  token: string;
}

/** Two API processes that start at once must not both make the admin. */
const bootstrapLock = 5_215_002;

const starter: Caller = {
  principal: {
    ...anonymousPrincipal,
    userId: 'system',
    userName: 'slipway',
    kind: 'system',
    via: 'system',
  },
  request: { requestId: 'bootstrap', ipAddr: null, traceparent: null },
};

/**
 * Makes the first user, `admin`, with a random password and a ready token, when there are no users at all.
 * @returns what to show once, or null when there were users already
 */
export async function bootstrapAdmin(db: PrismaClient): Promise<FirstAdmin | null> {
  if ((await db.user.count()) > 0) return null;
  const password = randomBytes(15).toString('base64url');
  const token = newApiToken();
  const passwordHash = await hashPassword(password);
  return inTransaction(db, async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${bootstrapLock})`;
    if ((await tx.user.count()) > 0) return null;
    const role = await tx.role.findUniqueOrThrow({ where: { name: 'admin' } });
    const userId = newId('user');
    await tx.user.create({
      data: {
        id: userId,
        name: 'admin',
        displayName: 'Administrator',
        email: 'admin@localhost',
        passwordHash,
        roles: { create: { id: newId('binding'), roleId: role.id } },
        apiTokens: {
          create: {
            id: newId('token'),
            name: 'first',
            tokenHash: sha256Hex(token),
            scopes: ['*:*'],
          },
        },
      },
    });
    await recordChange(tx, starter, {
      event: 'user.created',
      action: 'user.created',
      resource: 'user',
      resourceId: userId,
      message: 'The first admin was made',
      detail: { name: 'admin' },
    });
    return { name: 'admin', password, token };
  });
}
