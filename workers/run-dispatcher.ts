import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '../contracts/event/types.ts';
import type { Log } from '../contracts/log.ts';
import { dispatchBatch } from '../domain/event/dispatch-events.ts';
import { eventsChannel } from '../domain/event/publish-event.ts';
import type { Listener } from '../domain/shared/listen.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** Looks again at least this often, in case a notification was lost with its connection. */
const POLL_MS = 1000;
/** After a notification with nothing to read: an older transaction still runs, its end wakes nobody. */
const UNSETTLED_MS = 10;
const UNSETTLED_TRIES = 100;
const BATCH = 50;

export interface DispatcherOptions {
  db: PrismaClient;
  listener: Listener;
  log: Log;
  /** name of the cursor */
  consumer: string;
  handle: (event: EventRecord) => Promise<void>;
  /** a failure of the other side, not of the event */
  isTransient: (error: unknown) => boolean;
}

/** No new event ends it: only the stop does. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, null, { signal }).catch(() => undefined);
}

/**
 * Hands committed events on until it is stopped, woken by NOTIFY. Any number may run: one at a time has the turn.
 * @returns stops it and resolves when the batch at hand is done
 */
export function runDispatcher(options: DispatcherOptions): () => Promise<void> {
  const { db, listener, log, consumer, handle, isTransient } = options;
  let stopped = false;
  const stopping = new AbortController();
  let woken = false;
  let wake: () => void = () => undefined;
  const ring = () => {
    woken = true;
    wake();
  };
  const unsubscribe = listener.on(eventsChannel, ring);
  const pause = async (ms: number) => {
    if (woken || stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
  const loop = async () => {
    let expecting = 0;
    while (!stopped) {
      if (woken) expecting = UNSETTLED_TRIES;
      woken = false;
      try {
        const result = await dispatchBatch(db, consumer, handle, BATCH, { isTransient });
        if (result.deadLetters > 0)
          log.error({ consumer, ...result }, 'an event became a dead letter');
        if (result.retryInMs !== null) await rest(result.retryInMs, stopping.signal);
        else if (result.handled < BATCH) {
          expecting = result.handled > 0 ? 0 : expecting - 1;
          await pause(expecting > 0 ? UNSETTLED_MS : POLL_MS);
        }
      } catch (error) {
        log.warn({ consumer, err: error }, 'events could not be dispatched, trying again');
        await rest(500, stopping.signal);
      }
    }
  };
  const running = loop();
  return async () => {
    stopped = true;
    stopping.abort();
    unsubscribe();
    ring();
    await running;
  };
}
