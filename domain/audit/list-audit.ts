import { isIP } from 'node:net';
import { DomainError } from '../../contracts/problems.ts';
import type { AuditEntry, Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { hasText } from '../shared/text-match.ts';

export interface AuditFilter {
  actorId?: string | undefined;
  resource?: string | undefined;
  resourceId?: string | undefined;
  action?: string | undefined;
  projectId?: string | undefined;
  /** words, each a part of who, what or on what, or the whole address that it came from */
  q?: string | undefined;
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

function matchesWord(word: string): Prisma.AuditEntryWhereInput {
  const text = hasText(word);
  return {
    OR: [
      { actorName: text },
      { action: text },
      { resource: text },
      { resourceId: text },
      { requestId: text },
      ...(isIP(word) === 0 ? [] : [{ ipAddr: word }]),
    ],
  };
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
  const { q = '', ...exact } = filter;
  const wanted = Object.entries(exact).filter(([, value]) => value !== undefined);
  const rows = await db.auditEntry.findMany({
    where: {
      ...Object.fromEntries(wanted),
      ...(before === null ? {} : { seq: { lt: before } }),
      AND: q.split(/\s+/u).filter(Boolean).slice(0, 10).map(matchesWord),
    },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > page.limit && last ? encodeCursor(last.seq) : null };
}
