import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient, User } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { findAccount } from './find-user.ts';
import { normalizeName, userIdPattern, userNamePattern } from './names.ts';
import { hashPassword } from './password.ts';
import { recordChange } from './record-change.ts';
import { requireAccount } from './require-account.ts';
import { requireNotAbove } from './require-not-above.ts';
import { toUserRecord, type UserRecord } from './user-record.ts';

export interface CreateUserInput {
  name: string;
  email: string;
  displayName?: string | null | undefined;
  kind?: 'human' | 'agent' | undefined;
  /** needed for a human; an agent has none and comes with tokens */
  password?: string | undefined;
}

export interface UpdateUserInput {
  email?: string | undefined;
  displayName?: string | null | undefined;
  isActive?: boolean | undefined;
  password?: string | undefined;
}

/** Adds a person or an agent, without any role. The caller's permission was checked by the route. */
export async function createUser(
  db: PrismaClient,
  caller: Caller,
  input: CreateUserInput,
): Promise<UserRecord> {
  const name = normalizeName(input.name);
  const kind = input.kind ?? 'human';
  if (!userNamePattern.test(name))
    throw badField('name', 'Lower-case letters, digits, . _ -', 'name');
  if (userIdPattern.test(name)) throw badField('name', 'It reads like the id of a user', 'name');
  if (kind === 'human' && input.password === undefined)
    throw badField('password', 'Required', 'required');
  if (kind === 'agent' && input.password !== undefined) {
    throw badField('password', 'An agent signs in with tokens only', 'forbidden');
  }
  const passwordHash = input.password === undefined ? null : await hashPassword(input.password);
  return inTransaction(db, async (tx) => {
    const email = input.email.trim().toLowerCase();
    await requireFree(tx, { name, email });
    const user = await tx.user.create({
      data: {
        id: newId('user'),
        name,
        email,
        displayName: input.displayName ?? null,
        kind,
        passwordHash,
      },
    });
    await recordChange(tx, caller, {
      event: 'user.created',
      action: 'user.created',
      resource: 'user',
      resourceId: user.id,
      message: `${kind === 'agent' ? 'Agent' : 'User'} ${name} was added`,
      detail: { name, kind },
    });
    return toUserRecord(user);
  });
}

/**
 * Changes an account. Deactivating it ends its sessions and tokens in the same transaction; a new password ends its
 * sessions. Nobody changes an account that holds more than their own, and the last active admin stays.
 */
export async function updateUser(
  db: PrismaClient,
  caller: Caller,
  idOrName: string,
  input: UpdateUserInput,
): Promise<UserRecord> {
  const found = await findAccount(db, idOrName);
  // One's own row is the account: a token that may write users must not become its owner by a new password.
  if (found.id === caller.principal.userId) requireAccount(caller);
  await requireNotAbove(db, caller, found.id);
  if (input.password !== undefined && found.kind === 'agent') {
    throw badField('password', 'An agent signs in with tokens only', 'forbidden');
  }
  const passwordHash =
    input.password === undefined ? undefined : await hashPassword(input.password);
  return inTransaction(db, async (tx) => {
    const email = input.email?.trim().toLowerCase();
    if (email !== undefined && email !== found.email) await requireFree(tx, { email });
    const user = await tx.user.update({
      where: { id: found.id },
      data: {
        ...(email === undefined ? {} : { email }),
        ...(input.displayName === undefined ? {} : { displayName: input.displayName }),
        ...(input.isActive === undefined ? {} : { isActive: input.isActive }),
        ...(passwordHash === undefined ? {} : { passwordHash }),
      },
    });
    const deactivated = found.isActive && !user.isActive;
    if (deactivated && (await isAdmin(tx, user.id))) await requireActiveAdmin(tx);
    await endAccess(tx, user, { deactivated, newPassword: passwordHash !== undefined });
    await recordChange(tx, caller, {
      event: deactivated ? 'user.deactivated' : 'user.updated',
      action: deactivated ? 'user.deactivated' : 'user.updated',
      resource: 'user',
      resourceId: user.id,
      message: `User ${user.name} was ${deactivated ? 'deactivated' : 'changed'}`,
      detail: { fields: Object.keys(input) },
    });
    return toUserRecord(user);
  });
}

/**
 * Removes an account that owns no project; one that does is deactivated instead.
 * @throws DomainError `protected` for an owner, the last admin and oneself
 */
export async function deleteUser(
  db: PrismaClient,
  caller: Caller,
  idOrName: string,
): Promise<void> {
  const user = await findAccount(db, idOrName);
  if (user.id === caller.principal.userId) throw new DomainError('protected', 'This is you.');
  await requireNotAbove(db, caller, user.id);
  await inTransaction(db, async (tx) => {
    if ((await tx.project.count({ where: { ownerId: user.id } })) > 0) {
      throw new DomainError(
        'protected',
        'This user owns projects: hand them over, or deactivate the user.',
      );
    }
    const wasAdmin = await isAdmin(tx, user.id);
    await tx.user.delete({ where: { id: user.id } });
    if (wasAdmin) await requireActiveAdmin(tx);
    await recordChange(tx, caller, {
      event: 'user.deactivated',
      action: 'user.deleted',
      resource: 'user',
      resourceId: user.id,
      message: `User ${user.name} was deleted`,
      detail: { name: user.name },
    });
  });
}

async function isAdmin(tx: Prisma.TransactionClient, userId: string): Promise<boolean> {
  const where = { userId, projectId: null, role: { name: 'admin' } };
  return (await tx.userRole.count({ where })) > 0;
}

async function endAccess(
  tx: Prisma.TransactionClient,
  user: User,
  why: { deactivated: boolean; newPassword: boolean },
): Promise<void> {
  if (why.deactivated || why.newPassword) {
    await tx.authSession.deleteMany({ where: { userId: user.id } });
  }
  if (why.deactivated) await tx.apiToken.deleteMany({ where: { userId: user.id } });
}

async function requireFree(
  tx: Prisma.TransactionClient,
  wanted: { name?: string; email: string },
): Promise<void> {
  const { name, email } = wanted;
  const taken = await tx.user.findFirst({
    where: { OR: [...(name === undefined ? [] : [{ name }]), { email }] },
  });
  if (!taken) return;
  const field = taken.name === name ? 'name' : 'email';
  throw new DomainError('already_exists', `This ${field} is taken.`, {
    errors: [{ pointer: `#/${field}`, detail: 'Taken', rule: 'unique' }],
  });
}

/** Throws when no active user has the role `admin` everywhere: an installation must keep one. */
export async function requireActiveAdmin(tx: Prisma.TransactionClient): Promise<void> {
  // Two last admins that are taken away at once must not both see the other: the role's row is the lock.
  await tx.$queryRaw`SELECT id FROM roles WHERE name = 'admin' FOR UPDATE`;
  const admins = await tx.userRole.count({
    where: { projectId: null, role: { name: 'admin' }, user: { isActive: true } },
  });
  if (admins === 0) throw new DomainError('protected', 'The last active admin stays.');
}

function badField(field: string, detail: string, rule: string): DomainError {
  return new DomainError('validation_failed', 'See errors for what was wrong and where.', {
    errors: [{ pointer: `#/${field}`, detail, rule }],
  });
}
