import { DomainError } from '../../contracts/problems.ts';
import type { Db } from './db.ts';

export interface KeptAnswer {
  status: number;
  body: string;
}

interface KeyRow {
  request_hash: string;
  status: number | null;
  body: string | null;
}

/**
 * Claims an idempotency key. Null: it is ours, do the work. An answer: the work was done before.
 * A claim whose work never ended (the process died) is taken over after two minutes.
 * @throws DomainError `idempotency_conflict` when the key belongs to another request or its first request still runs.
 */
export async function beginIdempotent(
  db: Db,
  key: string,
  requestHash: string,
): Promise<KeptAnswer | null> {
  const claimed = await db.$queryRaw<{ key: string }[]>`
    INSERT INTO idempotency_keys (key, request_hash, expires_at)
    VALUES (${key}, ${requestHash}, now() + interval '24 hours')
    ON CONFLICT (key) DO UPDATE
       SET request_hash = excluded.request_hash, status = NULL, body = NULL,
           created_at = now(), expires_at = excluded.expires_at
     WHERE idempotency_keys.expires_at < now()
        OR (idempotency_keys.status IS NULL AND idempotency_keys.request_hash = excluded.request_hash
            AND idempotency_keys.created_at < now() - interval '2 minutes')
    RETURNING key`;
  if (claimed.length > 0) return null;
  const rows = await db.$queryRaw<KeyRow[]>`
    SELECT request_hash, status, body FROM idempotency_keys WHERE key = ${key}`;
  const row = rows[0];
  if (!row) return null;
  if (row.request_hash !== requestHash) {
    throw new DomainError('idempotency_conflict', 'The key was used with another request.');
  }
  if (row.status === null) {
    throw new DomainError('idempotency_conflict', 'The first request with this key still runs.', {
      retryAfterSeconds: 1,
    });
  }
  return { status: row.status, body: row.body ?? '' };
}

/** Keeps the answer of the work that the key was claimed for. */
export async function endIdempotent(
  db: Db,
  key: string,
  status: number,
  body: string,
): Promise<void> {
  await db.idempotencyKey.updateMany({ where: { key }, data: { status, body } });
}

/** Gives a key back after the work failed, so that a repeat tries again. */
export async function forgetIdempotent(db: Db, key: string): Promise<void> {
  await db.idempotencyKey.deleteMany({ where: { key, status: null } });
}
