import type { Machine } from './machine.ts';
import type { JobSpec } from './manifest-schema.ts';
import { pause } from './pause.ts';
import { planPod } from './pod-plan.ts';
import { Replica } from './replica.ts';

/** What is kept of a Job over a restart of this process. */
export interface JobStatus {
  failed: number;
  /** null while it is not over */
  result: 'succeeded' | 'failed' | null;
  message: string;
}

/**
 * Runs a Job once to its end, anew after a failure, at most `backoffLimit` times. An attempt that ends because this
 * process ends is not counted: it is repeated.
 */
export class JobRun {
  status: JobStatus;
  readonly #machine: Machine;
  readonly #owner: { namespace: string; name: string };
  readonly #spec: JobSpec;
  readonly #hash: string;
  readonly #save: (status: JobStatus) => Promise<void>;
  readonly #stopping = new AbortController();
  #replica: Replica | null = null;
  #done: Promise<void>;

  constructor(
    machine: Machine,
    owner: { namespace: string; name: string },
    job: { spec: JobSpec; hash: string; status: JobStatus | null },
    save: (status: JobStatus) => Promise<void>,
  ) {
    this.#machine = machine;
    this.#owner = owner;
    this.#spec = job.spec;
    this.#hash = job.hash;
    this.#save = save;
    this.status = job.status ?? { failed: 0, result: null, message: 'it runs' };
    const isDue = this.status.result === null && !job.spec.suspend;
    this.#done = isDue ? this.#run() : Promise.resolve();
  }

  replicas(): readonly Replica[] {
    return this.#replica === null ? [] : [this.#replica];
  }

  async stop(mostMs?: number): Promise<void> {
    this.#stopping.abort();
    await this.#replica?.stop(mostMs);
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { backoffLimit, activeDeadlineSeconds } = this.#spec;
    let isLate = false;
    const deadline =
      activeDeadlineSeconds === undefined
        ? undefined
        : setTimeout(() => {
            isLate = true;
            void this.#replica?.stop();
          }, activeDeadlineSeconds * 1000);
    while (this.status.result === null && !signal.aborted) {
      const replica = await this.#attempt();
      if (signal.aborted) break;
      const { failed } = this.status;
      if (isLate)
        await this.#set({
          failed,
          result: 'failed',
          message: 'it took too long (DeadlineExceeded)',
        });
      else if (replica.outcome === 'succeeded') {
        await this.#set({ failed, result: 'succeeded', message: 'it succeeded' });
      } else if (failed + 1 > backoffLimit) {
        await this.#set({ failed: failed + 1, result: 'failed', message: replica.reason });
      } else {
        await this.#set({ failed: failed + 1, result: null, message: replica.reason });
        await pause(Math.min(1000 * 2 ** failed, 60_000), signal);
      }
    }
    clearTimeout(deadline);
  }

  async #attempt(): Promise<Replica> {
    // The last attempt's output can be read until the next one begins.
    await this.#replica?.stop();
    return new Promise((resolve) => {
      const plan = planPod(this.#owner, this.#spec.template, {
        hash: this.#hash,
        restart: 'Never',
        claims: [],
      });
      const replica = new Replica(this.#machine, plan, () => {
        if (replica.outcome !== null || replica.isStopping) resolve(replica);
      });
      this.#replica = replica;
      replica.start();
    });
  }

  async #set(status: JobStatus): Promise<void> {
    this.status = status;
    await this.#save(status);
  }
}
