import { DomainError } from '../../contracts/problems.ts';
import type { AuditEntry } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

export interface AuditFilter {
  actorId?: string | undefined;
  resource?: string | undefined;
  resourceId?: string | undefined;
  action?: string | undefined;
  projectId?: string | undefined;
}

export interface AuditPage {
  items: AuditEntry[];
  /** opaque; null on the last page */
  nextCursor: string | null;
}

function encodeCursor(seq: bigint): string {
  return Buffer.from(`a${seq}`).toString('base64url');
}

function decodeCursor(cursor: string): bigint {
  const found = /^a(\d{1,18})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!found?.[1]) throw new DomainError('validation_failed', 'The cursor is not one of ours.');
  return BigInt(found[1]);
}

/**
 * Rows of the audit log, newest first. The caller's right to read it is checked by the route (`audit:read`).
 * @throws DomainError `validation_failed` for a cursor that we did not make
 */
export async function listAudit(
  db: Db,
  filter: AuditFilter,
  page: { cursor?: string | undefined; limit: number },
): Promise<AuditPage> {
  const before = page.cursor === undefined ? null : decodeCursor(page.cursor);
  const wanted = Object.entries(filter).filter(([, value]) => value !== undefined);
  const rows = await db.auditEntry.findMany({
    where: { ...Object.fromEntries(wanted), ...(before === null ? {} : { seq: { lt: before } }) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > page.limit && last ? encodeCursor(last.seq) : null };
}
