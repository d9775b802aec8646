import { Readable } from 'node:stream';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { prepared } from '../shared/prepared.ts';
import { findChunks, logChannel } from './log-chunks.ts';

export function logKey(pipelineId: string, stepId: string): string {
  return `logs/${pipelineId}/${stepId}.log`;
}

/**
 * Moves a step's log into one object. Runs as often as it must: the object is written first and is the same bytes each
 * time, then one statement points the step at it and drops the rows it holds; so a reader finds every byte in at
 * least one of the two at any moment. Rows that came later stay, and follow the object.
 */
export async function finishLog(
  db: PrismaClient,
  store: BlobStore,
  stepId: string,
): Promise<{ bytes: bigint }> {
  const step = await db.pipelineStep.findUnique({
    where: { id: stepId },
    select: { pipelineId: true, logRef: true, logBytes: true },
  });
  if (step === null) throw new DomainError('not_found', 'There is no such step.');
  const first = await db.logChunk.findFirst({
    where: { stepId },
    orderBy: { offset: 'asc' },
    select: { offset: true },
  });
  if (first === null && step.logRef !== null) return { bytes: step.logBytes };
  const key = logKey(step.pipelineId, stepId);
  const parts = { stepId, logRef: step.logRef, from: first?.offset ?? 0n, atLeast: step.logBytes };
  const body = Readable.from(wholeLog(db, store, parts));
  return { bytes: await moveTo(db, store, { stepId, key }, body) };
}

/**
 * The same for a log that its writer still has in hand, right after its attempt was recorded as ended: nothing of it is read.
 * @param whole all of the log
 */
export async function finishShortLog(
  db: PrismaClient,
  store: BlobStore,
  { pipelineId, stepId }: { pipelineId: string; stepId: string },
  whole: Buffer,
): Promise<void> {
  await moveTo(db, store, { stepId, key: logKey(pipelineId, stepId) }, Readable.from([whole]));
}

/** Writes the object, then points the step at it and drops the rows that it holds, in one statement. */
async function moveTo(
  db: PrismaClient,
  store: BlobStore,
  { stepId, key }: { stepId: string; key: string },
  body: Readable,
): Promise<bigint> {
  const put = await store.put(key, body, { contentType: 'text/plain; charset=utf-8' });
  const bytes = BigInt(put.bytes);
  await db.$queryRaw`
    ${prepared} WITH moved AS (UPDATE pipeline_steps SET log_ref = ${key} WHERE id = ${stepId} RETURNING id),
      dropped AS (
        DELETE FROM log_chunks c USING moved WHERE c.step_id = moved.id AND c."offset" < ${bytes}::int8)
    SELECT pg_notify(${logChannel}, id)::text AS told FROM moved`;
  return bytes;
}

interface LogParts {
  stepId: string;
  /** an object that holds the beginning: the step ran before */
  logRef: string | null;
  /** offset of the first byte that is in rows */
  from: bigint;
  /** length of the log when we began; another run of finishLog may drop the rows under our hands */
  atLeast: bigint;
}

async function* wholeLog(
  db: PrismaClient,
  store: BlobStore,
  parts: LogParts,
): AsyncGenerator<Buffer> {
  let at = 0n;
  if (parts.logRef !== null) {
    const earlier = await store.get(parts.logRef);
    if (earlier === null)
      throw new DomainError('unavailable', 'The log of an earlier attempt cannot be read.');
    for await (const piece of earlier as AsyncIterable<Buffer>) {
      const wanted = piece.subarray(0, Number(parts.from - at));
      at += BigInt(wanted.length);
      if (wanted.length > 0) yield wanted;
      if (at >= parts.from) break;
    }
  }
  for (;;) {
    const chunks = (await findChunks(db, parts.stepId, at, 1024 * 1024)).filter(
      (chunk) => chunk.offset >= at,
    );
    if (chunks.length === 0) break;
    for (const chunk of chunks) {
      yield Buffer.from(chunk.data);
      at = chunk.offset + BigInt(chunk.data.length);
    }
  }
  // failing the body leaves the object as it was: a put is whole or not at all
  if (at < parts.atLeast) throw new DomainError('conflict', 'The log was moved in the meantime.');
}
