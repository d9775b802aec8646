import type { EventRecord } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { describeError, nextTryOf } from '../event/dead-letter-tries.ts';
import { publishEvent } from '../event/publish-event.ts';
import { readEventsById } from '../event/read-events.ts';
import { inTransaction } from '../shared/tx.ts';

export interface DueLetter {
  letterId: string;
  consumer: string;
  buriedAt: Date;
  /** null = it is older than events are kept */
  event: EventRecord | null;
}

/** Dead letters whose next try is due, those that wait longest first. */
export async function findDueLetters(
  db: PrismaClient,
  now: Date,
  limit = 50,
): Promise<DueLetter[]> {
  const letters = await db.eventDeadLetter.findMany({
    where: { nextTryAt: { lte: now } },
    orderBy: [{ nextTryAt: 'asc' }, { createdAt: 'asc' }],
    take: limit,
  });
  const events = await readEventsById(
    db,
    letters.map(({ eventId }) => eventId),
  );
  return letters.map(({ id: letterId, consumer, eventId, createdAt: buriedAt }) => {
    const event = events.find(({ id }) => id === eventId) ?? null;
    return { letterId, consumer, buriedAt, event };
  });
}

/**
 * Counts a try and plans the one after it, before it is made: an event that takes its worker down waits as long as any.
 * @returns false when another has it, or a person dismissed it
 */
export async function claimLetter(
  db: PrismaClient,
  { letterId, buriedAt }: Pick<DueLetter, 'letterId' | 'buriedAt'>,
  now: Date,
): Promise<boolean> {
  const { count } = await db.eventDeadLetter.updateMany({
    where: { id: letterId, nextTryAt: { lte: now } },
    data: { attempts: { increment: 1 }, nextTryAt: nextTryOf(buriedAt, now) },
  });
  return count > 0;
}

/** What came of the last try; `isFinal` = no other try can do better. */
export async function noteFailedTry(
  db: PrismaClient,
  letterId: string,
  error: unknown,
  isFinal: boolean,
): Promise<void> {
  await db.eventDeadLetter.updateMany({
    where: { id: letterId },
    data: { error: describeError(error), ...(isFinal ? { nextTryAt: null } : {}) },
  });
}

/** The event was handled: it is no dead letter any more, and one event tells so. */
export async function forgetLetter(
  db: PrismaClient,
  letterId: string,
  event: EventRecord,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const gone = await tx.eventDeadLetter.deleteMany({ where: { id: letterId } });
    if (gone.count === 0) return;
    await publishEvent(tx, {
      type: 'engine.state_repaired',
      projectId: event.projectId,
      changeId: event.changeId,
      subjectId: event.subjectId,
      message: `${event.type} had not been delivered: it was now`,
      payload: {
        kind: 'command',
        eventId: event.id,
        command: event.type,
        dbStatus: 'asked',
        engineStatus: 'not told',
      },
    });
  });
}
