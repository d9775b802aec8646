import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../shared/db.ts';
import { prepared } from '../shared/prepared.ts';

/** Channel on which new output, and the end, of a step are announced; the payload is the step's id. */
export const logChannel = 'slipway_log';

export interface LogEnd {
  attempt: number;
  bytes: bigint;
  /** the last byte stored is a line feed, or nothing is stored */
  endsLine: boolean;
}

/** Where a step's log ends now; null when there is no such step. */
export async function findLogEnd(db: Db, stepId: string): Promise<LogEnd | null> {
  const rows = await db.$queryRaw<{ attempt: number; bytes: bigint; last: number | null }[]>`
    SELECT s.attempt, s.log_bytes AS bytes,
      (SELECT get_byte(c.data, octet_length(c.data) - 1) FROM log_chunks c
        WHERE c.step_id = s.id ORDER BY c."offset" DESC LIMIT 1) AS last
    FROM pipeline_steps s WHERE s.id = ${stepId}`;
  const row = rows[0];
  if (row === undefined) return null;
  return { attempt: row.attempt, bytes: row.bytes, endsLine: isLineEnd(row.last) };
}

/** @param last the last byte of a log; null: it is empty, or moved away */
export function isLineEnd(last: number | null): boolean {
  return last === null || last === 10;
}

export interface ChunkToAppend {
  stepId: string;
  attempt: number;
  data: Buffer;
  /** the platform's own words, not the command's */
  isPlatform: boolean;
  /** a length of the log at which this chunk was certainly not stored yet */
  knownEnd: bigint;
  patienceMs: number;
}

/**
 * Appends one chunk in one statement: the step's row gives the offset and fences off older attempts.
 * Lost connections are tried again; a try whose outcome is not known is looked up first, so a chunk is stored once.
 *
 * @returns the new length of the log, or null when a newer attempt owns the step (or the step is gone)
 */
export async function appendChunk(db: Db, chunk: ChunkToAppend): Promise<bigint | null> {
  const deadline = performance.now() + chunk.patienceMs;
  for (let tries = 0; ; tries++) {
    try {
      const stored = tries > 0 ? await findStored(db, chunk) : null;
      return stored ?? (await insertChunk(db, chunk));
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(Math.min(1000, 50 * 2 ** tries));
    }
  }
}

async function insertChunk(
  db: Db,
  { stepId, attempt, data, isPlatform }: ChunkToAppend,
): Promise<bigint | null> {
  const bytes = BigInt(data.length);
  const rows = await db.$queryRaw<{ end: bigint }[]>`
    ${prepared} WITH step AS (
      UPDATE pipeline_steps SET log_bytes = log_bytes + ${bytes}::int8,
        platform_ranges = CASE WHEN ${isPlatform}
          THEN platform_ranges || jsonb_build_array(jsonb_build_array(log_bytes, log_bytes + ${bytes}::int8))
          ELSE platform_ranges END
      WHERE id = ${stepId} AND attempt <= ${attempt}::int RETURNING id, log_bytes
    ), chunk AS (
      INSERT INTO log_chunks (step_id, "offset", attempt, data)
      SELECT id, log_bytes - ${bytes}::int8, ${attempt}::int, ${data}::bytea FROM step
      RETURNING step_id, "offset"
    )
    SELECT "offset" + ${bytes}::int8 AS "end", pg_notify(${logChannel}, step_id)::text AS told FROM chunk`;
  return rows[0]?.end ?? null;
}

async function findStored(
  db: Db,
  { stepId, attempt, data, knownEnd }: ChunkToAppend,
): Promise<bigint | null> {
  const rows = await db.$queryRaw<{ end: bigint }[]>`
    SELECT "offset" + octet_length(data) AS "end" FROM log_chunks
    WHERE step_id = ${stepId} AND "offset" >= ${knownEnd}::int8 AND attempt = ${attempt}::int AND data = ${data}::bytea
    ORDER BY "offset" LIMIT 1`;
  return rows[0]?.end ?? null;
}

/** Chunks from the one that holds byte `from` on, in order, at least one and about `maxBytes` in all. */
export async function findChunks(
  db: Db,
  stepId: string,
  from: bigint,
  maxBytes: number,
): Promise<{ offset: bigint; data: Uint8Array }[]> {
  return await db.$queryRaw<{ offset: bigint; data: Uint8Array }[]>`
    SELECT "offset", data FROM (
      SELECT "offset", data, sum(octet_length(data)) OVER (ORDER BY "offset") - octet_length(data) AS before
      FROM (
        SELECT "offset", data FROM log_chunks
        WHERE step_id = ${stepId} AND "offset" >= coalesce((
          SELECT max("offset") FROM log_chunks WHERE step_id = ${stepId} AND "offset" <= ${from}::int8), 0)
        ORDER BY "offset" LIMIT 512) AS following
    ) AS counted WHERE before < ${maxBytes}::int8 ORDER BY "offset"`;
}
