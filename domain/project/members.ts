import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { hasText } from '../shared/text-match.ts';
import { createBinding, deleteBinding, type BindingRecord } from '../identity/manage-bindings.ts';

export type MemberRecord = Omit<BindingRecord, 'projectId' | 'projectPath'>;

/** Role bindings of a project, oldest first, of those with `q` in their name; seeing the project was checked by the route. */
export async function listMembers(
  db: PrismaClient,
  projectId: string,
  page: { after: string | null; limit: number; q?: string | undefined },
): Promise<{ items: MemberRecord[]; next: string | null }> {
  const rows = await db.userRole.findMany({
    where: {
      projectId,
      ...(page.q === undefined ? {} : { user: { name: hasText(page.q) } }),
      ...(page.after === null ? {} : { id: { gt: page.after } }),
    },
    include: { user: true, role: true },
    orderBy: { id: 'asc' },
    take: page.limit + 1,
  });
  const kept = rows.slice(0, page.limit);
  return {
    items: kept.map((row) => ({
      id: row.id,
      userId: row.userId,
      userName: row.user.name,
      role: row.role.name,
      grantedBy: row.grantedBy,
      createdAt: row.createdAt.toISOString(),
    })),
    next: rows.length > page.limit ? (kept.at(-1)?.id ?? null) : null,
  };
}

/** Gives a user (id or name) a role on the project. Throws `not_found`, `already_exists`, `forbidden`. */
export async function addMember(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: { user: string; role: string },
): Promise<MemberRecord> {
  const {
    projectId: _id,
    projectPath: _path,
    ...member
  } = await createBinding(db, caller, { ...input, projectId });
  return member;
}

/** Takes a role binding of this very project away. */
export async function removeMember(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  bindingId: string,
): Promise<void> {
  if ((await db.userRole.count({ where: { id: bindingId, projectId } })) === 0) {
    throw new DomainError('not_found', 'There is no such member.');
  }
  await deleteBinding(db, caller, bindingId);
}
