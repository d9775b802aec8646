import { setTimeout as sleep } from 'node:timers/promises';
import type { TargetKind } from '../contracts/deploy/target.ts';
import type { Observation } from '../contracts/deploy/types.ts';
import type { Log } from '../contracts/log.ts';
import { claimLooks } from '../domain/deploy/claim-looks.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** How often the database is asked for what is due. */
const POLL_MS = 1000;
/** Looks side by side: enough for thousands of environments a minute, few enough to leave room for roll-outs. */
const AT_ONCE = 4;
const BATCH = 20;

export interface WatchDeps {
  db: PrismaClient;
  log: Log;
  target: TargetKind;
  /** compares target and desired state and writes down what it finds */
  look: (deploymentId: string) => Promise<Observation>;
  /** has the workflow of a deployment look for itself and put right what it finds */
  wake: (deploymentId: string) => Promise<void>;
}

/**
 * Looks at the environments of a target, each in its interval, and wakes the workflow of one where there is something to
 * do. Any number of processes may: each look is one's alone.
 * @returns stops it, when the looks at hand are done
 */
export function watchTarget(deps: WatchDeps): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const loop = async () => {
    while (!signal.aborted) {
      const found = await lookAtDue(deps, signal);
      if (found < BATCH) await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = loop();
  return async () => {
    stopping.abort();
    await running;
  };
}

/** One round: takes what is due and looks at it. @returns how many it took */
export async function lookAtDue(deps: WatchDeps, signal?: AbortSignal): Promise<number> {
  try {
    const due = await claimLooks(deps.db, deps.target, BATCH);
    const left = [...due];
    const one = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        if (signal?.aborted !== true) await lookAt(deps, id);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
    return due.length;
  } catch (error) {
    deps.log.warn({ err: error, target: deps.target }, 'environments due could not be read');
    return 0;
  }
}

/** A target or a database that does not answer now is looked at again in the next interval. */
async function lookAt({ look, wake, log }: WatchDeps, deploymentId: string): Promise<void> {
  try {
    const { revisionChanged, drift } = await look(deploymentId);
    if (revisionChanged || drift.length > 0) await wake(deploymentId);
  } catch (error) {
    log.warn({ deployment_id: deploymentId, err: error }, 'an environment could not be looked at');
  }
}
