import { Readable } from 'node:stream';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { inTransaction } from '../shared/tx.ts';
import { findChunks, logChannel } from './log-chunks.ts';

export function logKey(pipelineId: string, stepId: string): string {
  return `logs/${pipelineId}/${stepId}.log`;
}

/**
 * Moves a step's log into one object. Runs as often as it must: the object is written first and is the same bytes each
 * time, then one transaction points the step at it and drops the rows it holds; so a reader finds every byte in at
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
  const { bytes } = await store.put(key, body, { contentType: 'text/plain; charset=utf-8' });
  await inTransaction(db, async (tx) => {
    await tx.pipelineStep.update({ where: { id: stepId }, data: { logRef: key } });
    await tx.logChunk.deleteMany({ where: { stepId, offset: { lt: BigInt(bytes) } } });
    await tx.$queryRaw`SELECT pg_notify(${logChannel}, ${stepId})::text AS told`;
  });
  return { bytes: BigInt(bytes) };
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
