import { DomainError } from '../../contracts/problems.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { SecretMetadata } from '../../contracts/secret/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { requirePermission } from '../identity/check-access.ts';
import { metadataColumns, toMetadata } from './secret-metadata.ts';

/** One secret of a project (null: a global one), without its value. @throws DomainError `not_found` */
export async function getSecret(
  db: PrismaClient,
  caller: Caller,
  projectId: string | null,
  name: string,
): Promise<SecretMetadata> {
  await requirePermission(db, caller, 'secret:read', projectId);
  const row = await db.secret.findFirst({ where: { projectId, name }, select: metadataColumns });
  if (row === null) throw new DomainError('not_found', 'There is no such secret.');
  return toMetadata(row);
}
