import type { Machine } from './machine.ts';
import type { JobSpec } from './manifest-schema.ts';
import { pause } from './pause.ts';
import { planPod, type PodOwner } from './pod-plan.ts';
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
  readonly #owner: PodOwner;
  readonly #spec: JobSpec;
  readonly #hash: string;
  readonly #save: (status: JobStatus) => Promise<void>;
  /** of the run that is under way */
  #stopping = new AbortController();
  #replica: Replica | null = null;
  #isSuspended: boolean;
  #isOver = false;
  #done: Promise<void>;

  constructor(
    machine: Machine,
    owner: PodOwner,
    job: { spec: JobSpec; hash: string; status: JobStatus | null },
    save: (status: JobStatus) => Promise<void>,
  ) {
    this.#machine = machine;
    this.#owner = owner;
    this.#spec = job.spec;
    this.#hash = job.hash;
    this.#save = save;
    this.status = job.status ?? { failed: 0, result: null, message: 'it runs' };
    this.#isSuspended = job.spec.suspend;
    this.#done = this.#goOn();
  }

  replicas(): readonly Replica[] {
    return this.#replica === null ? [] : [this.#replica];
  }

  /** Ends its process and holds it, or has it go on with an attempt that begins anew. What has ended stays as it is. */
  suspend(isSuspended: boolean): void {
    if (isSuspended === this.#isSuspended) return;
    this.#isSuspended = isSuspended;
    if (isSuspended) {
      this.#stopping.abort();
      this.#replica?.stop().catch(() => undefined); // waited for, and told, below
    }
    this.#done = this.#done.then(() => this.#goOn());
  }

  async stop(mostMs?: number): Promise<void> {
    this.#isOver = true;
    this.#stopping.abort();
    await this.#replica?.stop(mostMs);
    await this.#done;
  }

  /** Runs it unless it has ended or may not. */
  async #goOn(): Promise<void> {
    if (this.status.result !== null) return;
    await this.#replica?.stop().catch((error: unknown) => {
      this.#machine.log('warn', `${this.#owner.name} was not tidied up: ${String(error)}`);
    });
    this.#replica = null;
    if (this.#isSuspended || this.#isOver) return;
    this.#stopping = new AbortController();
    await this.#run(this.#stopping.signal);
  }

  async #run(signal: AbortSignal): Promise<void> {
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
      const replica = await this.#attempt(signal);
      if (replica === null || signal.aborted) break;
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

  /** @returns null when it was to end before it began */
  async #attempt(signal: AbortSignal): Promise<Replica | null> {
    // The last attempt's output can be read until the next one begins.
    await this.#replica?.stop();
    if (signal.aborted) return null;
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
