import type { EventRecord } from '../../contracts/event/types.ts';
import type { Log } from '../../contracts/log.ts';
import {
  findDeadCommands,
  forgetDeadCommand,
  noteDeadCommand,
} from '../../domain/reconcile/dead-commands.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface CommandRetryDeps {
  db: PrismaClient;
  log: Pick<Log, 'warn'>;
  /** what the outbox does with a command; takes one that it has taken before */
  handleCommand: (event: EventRecord) => Promise<void>;
}

/** See ReconcileActivities.retryCommands. */
export function retryCommands({
  db,
  log,
  handleCommand,
}: CommandRetryDeps): () => Promise<{ repaired: number }> {
  return async () => {
    let repaired = 0;
    for (const { letterId, event } of await findDeadCommands(db)) {
      const fields = { event_id: event.id, event: event.type, change_id: event.changeId };
      try {
        await handleCommand(event);
      } catch (error) {
        log.warn({ ...fields, err: error }, 'a command could not be handed on again');
        await noteDeadCommand(db, letterId);
        continue;
      }
      log.warn({ ...fields, db_status: 'asked', engine_status: 'not told' }, 'state_mismatch');
      await forgetDeadCommand(db, letterId, event);
      repaired += 1;
    }
    return { repaired };
  };
}
