import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import { readEventsById } from '../event/read-events.ts';
import { inTransaction } from '../shared/tx.ts';

/** Events that ask something of a workflow: one that is lost leaves somebody waiting. */
const commands: readonly EventType[] = [
  'git.pushed',
  'pipeline.created',
  'pipeline.trigger_requested',
  'pipeline.cancel_requested',
  'pipeline.pause_requested',
  'pipeline.resume_requested',
  'gate.decided',
  'deployment.created',
  'deployment.desired_changed',
  'deployment.abort_requested',
  'preview.requested',
  'mr.closed',
  'mr.merged',
  'mr.reopened',
  'project.deleted',
  'pipeline.completed',
];
/** The consumer of the outbox that hands commands on to workflows. */
const consumer = 'core';
/** With those of the outbox itself; what fails as often is left to a person. */
const maxAttempts = 60;
const limit = 50;

export interface DeadCommand {
  letterId: string;
  event: EventRecord;
}

/** Commands that the outbox gave up, in the order in which they were given. */
export async function findDeadCommands(db: PrismaClient): Promise<DeadCommand[]> {
  const letters = await db.eventDeadLetter.findMany({
    where: { consumer, attempts: { lt: maxAttempts } },
    orderBy: { createdAt: 'asc' },
    take: limit,
  });
  const events = await readEventsById(
    db,
    letters.map(({ eventId }) => eventId),
  );
  return letters.flatMap(({ id: letterId, eventId }) => {
    const event = events.find(({ id }) => id === eventId);
    return event !== undefined && commands.includes(event.type) ? [{ letterId, event }] : [];
  });
}

/** Counts one more try that failed. */
export async function noteDeadCommand(db: PrismaClient, letterId: string): Promise<void> {
  await db.eventDeadLetter.updateMany({
    where: { id: letterId },
    data: { attempts: { increment: 1 } },
  });
}

/** The command was handed on: it is no dead letter any more, and one event tells so. */
export async function forgetDeadCommand(
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
      message: `${event.type} had not been handed on: it was now`,
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
