import type { Caller } from '../../contracts/identity/principal.ts';
import type { SecretMetadata } from '../../contracts/secret/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { requirePermission } from '../identity/check-access.ts';
import { metadataColumns, toMetadata } from './secret-metadata.ts';

export interface SecretPage {
  items: SecretMetadata[];
  /** name of the last secret when there are more */
  next: string | null;
}

/** Secrets of a project (null: the global ones) by name, without their values. */
export async function listSecrets(
  db: PrismaClient,
  caller: Caller,
  projectId: string | null,
  page: { limit: number; after: string | null },
): Promise<SecretPage> {
  await requirePermission(db, caller, 'secret:read', projectId);
  const rows = await db.secret.findMany({
    where: { projectId, ...(page.after === null ? {} : { name: { gt: page.after } }) },
    orderBy: { name: 'asc' },
    take: page.limit + 1,
    select: metadataColumns,
  });
  const items = rows.slice(0, page.limit).map(toMetadata);
  return { items, next: rows.length > page.limit ? (items.at(-1)?.name ?? null) : null };
}
