import { randomBytes } from 'node:crypto';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { newId } from '../../domain/shared/new-id.ts';

/** Somebody who acts, without any permission of their own. */
export function testCaller(userId = newId('user'), userName = 'tester'): Caller {
  return {
    principal: {
      userId,
      userName,
      kind: 'human',
      actChain: [],
      via: 'session',
      credentialId: null,
      scopes: null,
      projectId: null,
      claimedPermissions: [],
      claimedRoles: [],
      accessEpoch: 1n,
    },
    request: { requestId: newId('request'), ipAddr: '192.0.2.7', traceparent: null },
  };
}

/** A user row, and the caller that acts as this user. */
export async function createTestUser(
  db: PrismaClient,
  name = `user-${randomBytes(4).toString('hex')}`,
): Promise<{ id: string; name: string; caller: Caller }> {
  const id = newId('user');
  await db.user.create({ data: { id, name, email: `${name}@example.test` } });
  return { id, name, caller: testCaller(id, name) };
}

/** A project row of this owner; no repository. */
export async function createTestProject(
  db: PrismaClient,
  ownerId: string,
  name = `project-${randomBytes(4).toString('hex')}`,
): Promise<{ id: string; name: string }> {
  const id = newId('project');
  await db.project.create({ data: { id, ownerId, name } });
  return { id, name };
}
