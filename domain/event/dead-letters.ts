import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { EventDeadLetter, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import type { Db } from '../shared/db.ts';
import { type Page, type PageRequest, toPage } from '../shared/page.ts';
import { inTransaction } from '../shared/tx.ts';

/** An event that a consumer of the outbox could not handle, without what it holds. */
export interface DeadLetterRecord {
  id: string;
  consumer: string;
  eventId: string;
  /** null = it is older than events are kept */
  eventType: string | null;
  projectId: string | null;
  /** of the last try, on one line */
  error: string;
  attempts: number;
  createdAt: Date;
  /** null = it waits for a person */
  nextTryAt: Date | null;
}

type EventOfLetter = { id: string; type: string; projectId: string | null };

async function eventsOf(db: Db, letters: readonly EventDeadLetter[]): Promise<EventOfLetter[]> {
  return db.event.findMany({
    where: { id: { in: letters.map(({ eventId }) => eventId) } },
    select: { id: true, type: true, projectId: true },
  });
}

function toRecord(letter: EventDeadLetter, events: readonly EventOfLetter[]): DeadLetterRecord {
  const event = events.find(({ id }) => id === letter.eventId);
  return {
    ...letter,
    error: letter.error.replace(/\s+/g, ' ').trim(),
    eventType: event?.type ?? null,
    projectId: event?.projectId ?? null,
  };
}

/** Events that could not be handled and that nobody has dismissed, newest first. */
export async function listDeadLetters(db: Db, page: PageRequest): Promise<Page<DeadLetterRecord>> {
  const rows = await db.eventDeadLetter.findMany({
    where: page.after === null ? {} : { id: { lt: page.after } },
    orderBy: { id: 'desc' },
    skip: page.offset,
    take: page.limit + 1,
  });
  const events = await eventsOf(db, rows);
  return toPage(rows, page, await countDeadLetters(db), (row) => toRecord(row, events));
}

/** How many wait, for their next try or for a person. */
export async function countDeadLetters(db: Db): Promise<number> {
  return db.eventDeadLetter.count();
}

async function lockedLetter(tx: Prisma.TransactionClient, id: string): Promise<DeadLetterRecord> {
  await tx.$queryRaw`SELECT 1 AS one FROM event_dead_letters WHERE id = ${id} FOR UPDATE`;
  const letter = await tx.eventDeadLetter.findUnique({ where: { id } });
  if (letter === null) throw new DomainError('not_found', 'There is no such dead letter.');
  return toRecord(letter, await eventsOf(tx, [letter]));
}

async function audit(
  tx: Prisma.TransactionClient,
  caller: Caller,
  action: 'dead_letter.retried' | 'dead_letter.dismissed',
  { id, consumer, eventId, eventType, projectId, attempts }: DeadLetterRecord,
): Promise<void> {
  const detail = { consumer, eventId, eventType, attempts };
  await writeAudit(tx, caller, {
    action,
    resource: 'dead_letter',
    resourceId: id,
    projectId,
    detail,
  });
}

/**
 * Has a dead letter tried in the next pass of the reconciler, whatever its consumer.
 * @throws DomainError `not_found`; `illegal_transition` where its event is not kept any more
 */
export async function retryDeadLetter(
  db: PrismaClient,
  caller: Caller,
  id: string,
): Promise<DeadLetterRecord> {
  return inTransaction(db, async (tx) => {
    const letter = await lockedLetter(tx, id);
    if (letter.eventType === null) {
      const detail = 'The event is not kept any more; the dead letter can only be dismissed.';
      throw new DomainError('illegal_transition', detail);
    }
    const nextTryAt = new Date();
    await tx.eventDeadLetter.update({ where: { id }, data: { nextTryAt } });
    await audit(tx, caller, 'dead_letter.retried', letter);
    return { ...letter, nextTryAt };
  });
}

/**
 * Takes a dead letter away: its consumer never handles the event.
 * @throws DomainError `not_found`
 */
export async function dismissDeadLetter(
  db: PrismaClient,
  caller: Caller,
  id: string,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const letter = await lockedLetter(tx, id);
    await tx.eventDeadLetter.delete({ where: { id } });
    await audit(tx, caller, 'dead_letter.dismissed', letter);
  });
}
