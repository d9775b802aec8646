import { planPod, type PodOwner, type PodPlan } from './pod-plan.ts';
import type { Machine } from './machine.ts';
import type { PodTemplate } from './pod-schema.ts';
import { Replica } from './replica.ts';

/** What a Deployment or a StatefulSet asks for. */
export interface RolloutSpec {
  replicas: number;
  paused: boolean;
  template: PodTemplate;
  hash: string;
  minReadyMs: number;
  deadlineMs: number;
  /** how many more than `replicas` may be there while the template changes; at least 1 */
  surge: number;
  /** the old ones end before the new ones begin */
  recreate: boolean;
  claims: PodPlan['claims'];
  /** a fixed name for the only replica of a StatefulSet */
  podName?: string | undefined;
}

export interface RolloutStatus {
  wanted: number;
  /** all that are not gone yet */
  present: number;
  updated: number;
  ready: number;
  /** ready for long enough, of the current template */
  available: number;
  complete: boolean;
  /** no step forward for longer than the spec allows */
  isLate: boolean;
  /** a replica of the current template ends again and again */
  isCrashing: boolean;
  paused: boolean;
  /** why the current template is not ready; empty when it is */
  reason: string;
}

/** Brings the replicas of one object to what its spec asks for, and keeps them there. */
export class Rollout {
  #spec: RolloutSpec;
  #all: Replica[] = [];
  #stopped = false;
  #progressAt = performance.now();
  #best = { available: 0, old: 0 };
  readonly #machine: Machine;
  readonly #owner: PodOwner;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(machine: Machine, owner: PodOwner, spec: RolloutSpec) {
    this.#machine = machine;
    this.#owner = owner;
    this.#spec = spec;
    this.#reconcile();
  }

  update(spec: RolloutSpec): void {
    this.#spec = spec;
    this.#progressAt = performance.now();
    this.#best = { available: 0, old: this.#live().length };
    this.#reconcile();
  }

  replicas(): readonly Replica[] {
    return this.#all;
  }

  /** Ends all replicas; done when their processes are gone. */
  async stop(mostMs?: number): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#all.map((replica) => replica.stop(mostMs)));
  }

  status(): RolloutStatus {
    const { replicas, hash, paused, deadlineMs } = this.#spec;
    const fresh = this.#live().filter(({ plan }) => plan.hash === hash);
    const available = fresh.filter((replica) => this.#isAvailable(replica)).length;
    const complete = available === replicas && this.#all.length === replicas;
    const unready = fresh
      .filter(({ readySince }) => readySince === null)
      .sort((a, b) => b.restarts - a.restarts)[0];
    const times = unready?.restarts ?? 0;
    const restarts = times === 0 ? '' : ` (${times} ${times === 1 ? 'restart' : 'restarts'})`;
    return {
      wanted: replicas,
      present: this.#all.length,
      updated: fresh.length,
      ready: this.#all.filter(({ readySince }) => readySince !== null).length,
      available,
      complete,
      isLate: !complete && performance.now() - this.#progressAt > deadlineMs,
      isCrashing: fresh.some(({ isCrashing }) => isCrashing),
      paused,
      reason: unready === undefined ? '' : `${unready.plan.name}: ${unready.reason}${restarts}`,
    };
  }

  #live(): Replica[] {
    return this.#all.filter(({ isStopping }) => !isStopping);
  }

  #isAvailable({ readySince, isStopping }: Replica): boolean {
    if (readySince === null || isStopping) return false;
    return performance.now() - readySince >= this.#spec.minReadyMs;
  }

  #reconcile(): void {
    if (this.#stopped) return;
    const { replicas: wanted, hash, surge, recreate, paused } = this.#spec;
    const live = this.#live();
    const fresh = live.filter(({ plan }) => plan.hash === hash);
    const old = live.filter(({ plan }) => plan.hash !== hash);
    this.#noteProgress(fresh, old);
    if (paused && old.length > 0) return;
    for (const extra of worstFirst(fresh).slice(0, Math.max(0, fresh.length - wanted))) {
      this.#end(extra);
    }
    if (recreate) {
      for (const replica of old) this.#end(replica);
      // One that is still ending may hold what the next one needs: a port, a claim.
      const ending = this.#all.some(({ isStopping }) => isStopping);
      if (ending || old.length > 0) return;
    }
    const allowed = Math.min(wanted, Math.max(0, wanted + surge - old.length));
    for (let count = fresh.length; count < allowed; count += 1) this.#begin();
    const available = fresh.filter((replica) => this.#isAvailable(replica)).length;
    const spare = old.length - Math.max(0, wanted - available);
    for (const replica of worstFirst(old).slice(0, Math.max(0, spare))) this.#end(replica);
    // What was ended made room for the next.
    if (spare > 0 && allowed < wanted) setImmediate(() => this.#reconcile());
  }

  #noteProgress(fresh: Replica[], old: Replica[]): void {
    const available = fresh.filter((replica) => this.#isAvailable(replica)).length;
    const isBetter = available > this.#best.available || old.length < this.#best.old;
    const isWhole = available === this.#spec.replicas && old.length === 0;
    // A whole one that breaks later gets the full time to come back.
    if (isBetter || isWhole) this.#progressAt = performance.now();
    this.#best = {
      available: Math.max(available, this.#best.available),
      old: Math.min(old.length, this.#best.old),
    };
  }

  #begin(): void {
    const { template, hash, claims, podName, minReadyMs } = this.#spec;
    const name = podName === undefined ? {} : { name: podName };
    const plan = planPod(this.#owner, template, { hash, restart: 'Always', claims, ...name });
    const replica = new Replica(this.#machine, plan, () => {
      this.#reconcile();
      if (replica.readySince !== null && minReadyMs > 0) this.#reconcileIn(minReadyMs + 5);
    });
    this.#all.push(replica);
    replica.start();
  }

  #end(replica: Replica): void {
    const gone = (): void => {
      this.#all = this.#all.filter((other) => other !== replica);
      this.#reconcile();
    };
    replica.stop().then(gone, (error: unknown) => {
      this.#machine.log('warn', `${replica.plan.name} was not tidied up: ${String(error)}`);
      gone();
    });
  }

  #reconcileIn(ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#reconcile();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Those that serve nobody go first. */
function worstFirst(replicas: readonly Replica[]): Replica[] {
  const rank = ({ readySince }: Replica): number => (readySince === null ? 0 : 1);
  return [...replicas].sort((a, b) => rank(a) - rank(b));
}
