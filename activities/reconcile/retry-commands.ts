import type { EventRecord } from '../../contracts/event/types.ts';
import type { Log } from '../../contracts/log.ts';
import {
  claimLetter,
  type DueLetter,
  findDueLetters,
  forgetLetter,
  noteFailedTry,
} from '../../domain/reconcile/dead-letters.ts';
import { withinTime } from '../../domain/shared/within-time.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface CommandRetryDeps {
  db: PrismaClient;
  log: Pick<Log, 'warn'>;
  /** what each consumer of the outbox does with an event; takes one that it has taken before */
  consumers: Readonly<Record<string, (event: EventRecord) => Promise<void>>>;
}

/** One event takes no longer than this from the others, and all of them together no longer than a pass may. */
const TRY_MS = 30_000;
const PASS_MS = 5 * 60_000;

/** See ReconcileActivities.retryCommands. */
export function retryCommands(deps: CommandRetryDeps): () => Promise<{ repaired: number }> {
  return async () => {
    let repaired = 0;
    const lastBeginning = performance.now() + PASS_MS;
    for (const letter of await findDueLetters(deps.db, new Date())) {
      if (performance.now() > lastBeginning) break;
      if (await retryLetter(deps, letter)) repaired += 1;
    }
    return { repaired };
  };
}

async function retryLetter(
  { db, log, consumers }: CommandRetryDeps,
  letter: DueLetter,
): Promise<boolean> {
  if (!(await claimLetter(db, letter, new Date()))) return false;
  const { letterId, consumer, event } = letter;
  const handle = consumers[consumer];
  if (event === null || handle === undefined) {
    const what = event === null ? 'the event is not kept any more' : 'nobody takes its events';
    await noteFailedTry(db, letterId, new Error(what), true);
    return false;
  }
  const fields = { consumer, event_id: event.id, event: event.type, change_id: event.changeId };
  try {
    await withinTime(handle(event), TRY_MS);
    log.warn({ ...fields, db_status: 'asked', engine_status: 'not told' }, 'state_mismatch');
    await forgetLetter(db, letterId, event);
    return true;
  } catch (error) {
    log.warn({ ...fields, err: error }, 'an event could not be handled again');
    await noteFailedTry(db, letterId, error, false);
    return false;
  }
}
