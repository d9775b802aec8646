import { join } from 'node:path';
import { claimsDir } from './claims.ts';
import { defaultShares } from './disk-shares.ts';
import { isRecord } from './json-fields.ts';
import { JobRun } from './job-run.ts';
import type { Machine } from './machine.ts';
import { understand, type Understood } from './manifest-schema.ts';
import { type PodOwner, templateHash } from './pod-plan.ts';
import type { Replica } from './replica.ts';
import { Rollout, type RolloutSpec } from './rollout.ts';
import { keyOfObject, type StateStore, type StoredObject } from './state-store.ts';

interface Running {
  deploymentId: string;
  run: Rollout | JobRun;
}

/** What runs: a supervisor for each Deployment, StatefulSet and Job. */
export class Workloads {
  readonly #machine: Machine;
  readonly #store: StateStore;
  readonly #running = new Map<string, Running>();

  constructor(machine: Machine, store: StateStore) {
    this.#machine = machine;
    this.#store = store;
  }

  /** Begins to run an object, or brings what runs to its new fields. */
  set(object: StoredObject): void {
    const { deploymentId } = object;
    const key = keyOfObject(object);
    const known = this.#running.get(key)?.run;
    const what = understand(object.live);
    if (what.kind === 'Job') {
      if (known instanceof JobRun) known.suspend(what.spec.suspend);
      else this.#running.set(key, { deploymentId, run: this.#startJob(object, what) });
    } else if (what.kind === 'Deployment' || what.kind === 'StatefulSet') {
      const spec = rolloutSpec(this.#machine.root, object, what);
      if (known instanceof Rollout) known.update(spec);
      else {
        const run = new Rollout(this.#machine, ownerOf(object), spec);
        this.#running.set(key, { deploymentId, run });
      }
    }
  }

  /** Ends what runs of an object; done when its processes are gone. */
  async remove(key: string): Promise<void> {
    const running = this.#running.get(key);
    await running?.run.stop();
    this.#running.delete(key);
  }

  rollout(key: string): Rollout | undefined {
    const run = this.#running.get(key)?.run;
    return run instanceof Rollout ? run : undefined;
  }

  job(key: string): JobRun | undefined {
    const run = this.#running.get(key)?.run;
    return run instanceof JobRun ? run : undefined;
  }

  replicasOf(key: string): readonly Replica[] {
    return this.#running.get(key)?.run.replicas() ?? [];
  }

  /** The last output of each replica of an object. */
  logsOf(key: string): { replica: string; text: string }[] {
    return this.replicasOf(key).map((one) => ({ replica: one.plan.name, text: one.log() }));
  }

  *replicasOfDeployment(deploymentId: string): Generator<Replica> {
    for (const { deploymentId: its, run } of this.#running.values()) {
      if (its === deploymentId) yield* run.replicas();
    }
  }

  *replicas(): Generator<Replica> {
    for (const { run } of this.#running.values()) yield* run.replicas();
  }

  /** Ends all, within about `mostMs`. */
  async close(mostMs: number): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ run }) => run.stop(mostMs)));
  }

  #startJob(object: StoredObject, { spec }: Extract<Understood, { kind: 'Job' }>): JobRun {
    const hash = templateHash(templateOf(object));
    const job = { spec, hash, status: object.job };
    return new JobRun(this.#machine, ownerOf(object), job, (status) =>
      this.#store.putJob(object, status),
    );
  }
}

function ownerOf({ deploymentId, projectId, live }: StoredObject): PodOwner {
  const { namespace = '', name } = live.metadata;
  return { deploymentId, projectId, namespace, name };
}

function templateOf(object: StoredObject): unknown {
  const spec = object.live['spec'];
  return isRecord(spec) ? spec['template'] : undefined;
}

function rolloutSpec(
  root: string,
  object: StoredObject,
  what: Extract<Understood, { kind: 'Deployment' | 'StatefulSet' }>,
): RolloutSpec {
  const { name } = object.live.metadata;
  const { replicas, template, minReadySeconds } = what.spec;
  const common = {
    replicas,
    template,
    hash: templateHash(templateOf(object)),
    minReadyMs: minReadySeconds * 1000,
  };
  if (what.kind === 'Deployment') {
    const { paused, progressDeadlineSeconds, strategy } = what.spec;
    return {
      ...common,
      paused,
      deadlineMs: progressDeadlineSeconds * 1000,
      surge: surgeOf(strategy.rollingUpdate.maxSurge, replicas),
      recreate: strategy.type === 'Recreate',
      claims: [],
    };
  }
  const claims = what.spec.volumeClaimTemplates.map(({ metadata, spec }) => ({
    name: metadata.name,
    dir: join(claimsDir(root, object.deploymentId, name), metadata.name),
    bytes: spec.resources.requests['storage'] ?? defaultShares.claim,
  }));
  const fixed = { paused: false, deadlineMs: 600_000, surge: 1, recreate: true };
  return { ...common, ...fixed, claims, podName: `${name}-0` };
}

/** At least one more: with none, an update could only go on by taking a ready replica away. */
function surgeOf(surge: number | string, replicas: number): number {
  const wanted =
    typeof surge === 'number' ? surge : Math.ceil((replicas * Number.parseInt(surge, 10)) / 100);
  return Math.max(1, wanted);
}
