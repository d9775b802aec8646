import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetKind } from '../contracts/deploy/target.ts';
import type { Observation } from '../contracts/deploy/types.ts';
import type { Log } from '../contracts/log.ts';
import { claimObservations } from '../domain/deploy/claim-observations.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** How often the database is asked for what is due. */
const POLL_MS = 1000;
/** Observations side by side: enough for thousands of environments a minute, few enough to leave room for rollouts. */
const AT_ONCE = 4;
const BATCH = 20;

export interface WatchDeps {
  db: PrismaClient;
  log: Log;
  target: TargetKind;
  /** compares target and desired state and writes down what it finds */
  observe: (deploymentId: string) => Promise<Observation>;
  /** has the workflow of a deployment observe for itself and put right what it finds */
  wake: (deploymentId: string) => Promise<void>;
}

/**
 * Observes the environments of a target, each in its interval, and wakes the workflow of one where there is something to
 * do. Any number of processes may: each observation is one's alone.
 * @returns stops it, when the observations at hand are done
 */
export function watchTarget(deps: WatchDeps): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (!signal.aborted) {
      const found = await observeDue(deps, signal);
      if (found < BATCH) await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return async () => {
    stopping.abort();
    await running;
  };
}

/** One round: takes what is due and observes it. @returns how many it took */
export async function observeDue(deps: WatchDeps, signal?: AbortSignal): Promise<number> {
  try {
    const due = await claimObservations(deps.db, deps.target, BATCH);
    const left = [...due];
    const one = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        if (signal?.aborted !== true) await observeOne(deps, id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return due.length;
  } catch (error) {
    deps.log.warn({ err: error, target: deps.target }, 'environments due could not be read');
    return 0;
  }
}

/** A target or a database that does not answer now is observed again in the next interval. */
async function observeOne({ observe, wake, log }: WatchDeps, deploymentId: string): Promise<void> {
  try {
    const { revisionChanged, drift } = await observe(deploymentId);
    if (revisionChanged || drift.length > 0) await wake(deploymentId);
  } catch (error) {
    log.warn({ deployment_id: deploymentId, err: error }, 'an environment could not be observed');
  }
}
