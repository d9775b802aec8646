import type { Db } from '../shared/db.ts';
import { auditHash, genesisHash } from './audit-hash.ts';

/** What is wrong with the log, and at which row. */
export interface AuditBreak {
  /**
   * 'changed': the row's content is not what was hashed; 'missing': rows before it are gone;
   * 'chain': it does not follow the row before it; 'tail_cut': rows at the end are gone
   */
  kind: 'changed' | 'missing' | 'chain' | 'tail_cut';
  seq: string;
  /** id of the row; null when it is not there */
  id: string | null;
  detail: string;
}

export interface AuditVerification {
  ok: boolean;
  /** rows that were looked at */
  rows: number;
  /** hash of the last row; note it elsewhere to prove later that the log still begins like this */
  headHash: string;
  firstBreak: AuditBreak | null;
}

const batch = 1_000;

function readBatch(db: Db, after: bigint, upTo: bigint) {
  return db.auditEntry.findMany({
    where: { seq: { gt: after, lte: upTo } },
    orderBy: { seq: 'asc' },
    take: batch,
  });
}

type Row = Awaited<ReturnType<typeof readBatch>>[number];

/** Prisma prints an inet with or without its mask, depending on the driver; the hash was made without. */
function withoutMask(ip: string | null): string | null {
  return ip?.replace(/\/(32|128)$/, '') ?? null;
}

function findBreak(row: Row, wantedSeq: bigint, prevHash: string): AuditBreak | null {
  const at = { seq: row.seq.toString(), id: row.id };
  if (row.seq !== wantedSeq) {
    return { ...at, kind: 'missing', detail: `row ${wantedSeq} is missing before it` };
  }
  if (row.prevHash !== prevHash) {
    return { ...at, kind: 'chain', detail: 'it does not follow the row before it' };
  }
  if (auditHash(row.prevHash, { ...row, ipAddr: withoutMask(row.ipAddr) }) !== row.hash) {
    return { ...at, kind: 'changed', detail: 'its content is not what was hashed' };
  }
  return null;
}

/** Walks the whole log in order and names the first row where the chain does not hold. */
export async function verifyAudit(db: Db): Promise<AuditVerification> {
  const head = await db.auditHead.findUnique({ where: { id: 1 } });
  const end = head?.count ?? 0n;
  let hash = genesisHash;
  let seq = 0n;
  for (;;) {
    const rows = await readBatch(db, seq, end);
    for (const row of rows) {
      const firstBreak = findBreak(row, seq + 1n, hash);
      if (firstBreak) return { ok: false, rows: Number(seq), headHash: hash, firstBreak };
      seq = row.seq;
      hash = row.hash;
    }
    if (rows.length < batch) break;
  }
  const whole = seq === end && hash === (head?.hash ?? genesisHash);
  const firstBreak: AuditBreak | null = whole
    ? null
    : {
        kind: 'tail_cut',
        seq: (seq + 1n).toString(),
        id: null,
        detail: `${end} rows were written, the log ends after ${seq}`,
      };
  return { ok: whole, rows: Number(seq), headHash: hash, firstBreak };
}
