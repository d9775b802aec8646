import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';

const maxAttempts = 3;
/** serialization failure, deadlock; P2034 is Prisma's word for both */
const retryable = new Set(['40001', '40P01', 'P2034']);

/** Codes of an error and of whatever it wraps: Prisma puts the driver's code two or three levels down. */
export function* codesOf(error: unknown, depth = 0): Generator<string> {
  if (typeof error !== 'object' || error === null || depth > 5) return;
  for (const [key, value] of Object.entries(error)) {
    if ((key === 'code' || key === 'originalCode') && typeof value === 'string') yield value;
  }
  for (const key of ['cause', 'meta', 'driverAdapterError'] as const) {
    if (key in error) yield* codesOf((error as Record<string, unknown>)[key], depth + 1);
  }
}

/** True for a failure that the same work, run again, need not meet again. */
export function isRetryableConflict(error: unknown): boolean {
  for (const code of codesOf(error)) if (retryable.has(code)) return true;
  return false;
}

/**
 * Runs `work` in one READ COMMITTED transaction, with the patience of the client; a serialization failure or deadlock runs it again, three tries in all.
 * So `work` must do nothing outside the database.
 */
export async function inTransaction<T>(
  db: PrismaClient,
  work: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.$transaction(work);
    } catch (error) {
      if (attempt >= maxAttempts || !isRetryableConflict(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20 * attempt));
    }
  }
}
