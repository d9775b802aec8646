import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimDueMerges,
  dueMergesChannel,
  tryDueMerge,
  type DueMerge,
} from '../domain/review/due-merges.ts';
import type { MergeDeps } from '../domain/review/merge-merge-request.ts';
import type { Listener } from '../domain/shared/listen.ts';
import type { Log } from '../contracts/log.ts';

/** How often the database is asked for what is due, in case a notification was lost, or a later try is due. */
const POLL_MS = 1000;
/** Merges side by side, each of another owner. */
const AT_ONCE = 3;

/**
 * Merges what waits to merge itself, whenever something may have changed. Any number of processes may: each try is one's
 * alone.
 * @returns stops it, when the tries at hand have ended
 */
export function mergeDue(deps: MergeDeps & { log: Log; listener: Listener }): () => Promise<void> {
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let wake = new AbortController();
  const ring = (): void => wake.abort();
  const unsubscribe = deps.listener.on(dueMergesChannel, ring);
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      const free = AT_ONCE - running.size;
      for (const due of free > 0 ? await claim(deps, free) : []) {
        const one = tryOne(deps, due).finally(() => {
          running.delete(one);
          ring();
        });
        running.add(one);
      }
      await sleep(POLL_MS, undefined, { signal: wake.signal }).catch(() => undefined);
    }
    await Promise.all(running);
  };
  const done = loop();
  return async () => {
    stopping.abort();
    unsubscribe();
    ring();
    await done;
  };
}

async function claim({ db, log }: { log: Log } & MergeDeps, limit: number): Promise<DueMerge[]> {
  try {
    return await claimDueMerges(db, limit);
  } catch (error) {
    log.warn({ err: error }, 'automatic merges that are due could not be read');
    return [];
  }
}

async function tryOne(deps: MergeDeps & { log: Log }, due: DueMerge): Promise<void> {
  try {
    await tryDueMerge(deps, due);
  } catch (error) {
    deps.log.warn(
      { merge_request_id: due.id, err: error },
      'an automatic merge could not be tried',
    );
  }
}
