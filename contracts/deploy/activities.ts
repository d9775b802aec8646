import type {
  DeploymentPlace,
  DesiredState,
  Observation,
  SyncOutcome,
  SyncPlan,
  WaveRef,
  WaveVerdict,
} from './types.ts';

/** Rows of a deployment, over Postgres only: queue `core`. Idempotent by their input. */
export interface DeployRecords {
  /** null: the deployment is gone. */
  readDesired(input: { deploymentId: string }): Promise<DesiredState | null>;
  /** Why somebody wants the rollout undone that runs now; null while nobody does. */
  readAbort(input: { deploymentId: string }): Promise<{ syncId: string; reason: string } | null>;
  setSyncStatus(input: {
    syncId: string;
    status: 'running' | 'waiting' | 'baking' | 'undoing';
    reason: string | null;
  }): Promise<void>;
  /**
   * Ends a sync: history, status of the deployment, quarantine of a bad revision, events; all at once and once.
   * After `undone` the deployment desires its last good revision. One that somebody has aborted does not succeed: it stays
   * open, and the answer says why.
   */
  finishSync(input: {
    deploymentId: string;
    syncId: string;
    outcome: SyncOutcome;
    reason: string | null;
  }): Promise<{ abortReason: string | null }>;
  /** Another manager keeps changing fields: said once per set of fields, self-heal leaves them alone. */
  reportContested(input: {
    deploymentId: string;
    fields: { key: string; manager: string | null }[];
  }): Promise<void>;
  /**
   * Ends a desired state that no worker survives, or an observation that none does: what serves stays, people see why, and nothing is tried
   * again until something else is desired. Nothing happens when it is by now.
   */
  refuseDesired(input: { deploymentId: string; generation: number; reason: string }): Promise<void>;
  /** Opens the revert merge request for a bad revision, once; nothing where its commit is not known. */
  openRevert(input: { deploymentId: string; syncId: string }): Promise<void>;
  /** Removes the row of a deployment whose objects are gone. */
  forgetDeployment(input: { deploymentId: string }): Promise<void>;
}

/** Effects at the target: queue `deploy` or `deploy-local`. Each may be repeated after a lost answer. */
export interface DeployEffects {
  /** Renders what is desired, stores the revision, plans the sync. A manifest that cannot be rendered ends it here. */
  planSync(input: { deploymentId: string; generation: number }): Promise<SyncPlan>;
  /**
   * Notes for each object of the wave what an undo will do, once, and only then applies them in order. Fails with
   * `validation_failed` when the target refuses one, with `forbidden` before anything of the wave is touched when somebody
   * else made one and its manifest does not ask to adopt it.
   */
  applyWave(input: { syncId: string } & WaveRef): Promise<void>;
  /** Waits until the wave's objects are healthy; heartbeats. */
  awaitWave(input: { syncId: string; timeoutMs: number } & WaveRef): Promise<WaveVerdict>;
  /** Watches all objects of the sync's revision for the whole time; ends early at the first unhealthy one. */
  watchBake(input: { syncId: string; bakeMs: number }): Promise<WaveVerdict>;
  /** Deletes what the revision no longer holds, in reverse order. */
  pruneObjects(input: { syncId: string }): Promise<void>;
  /** Undoes the pruning: what was deleted is applied again. */
  restorePruned(input: { syncId: string }): Promise<void>;
  /** Undoes one wave: what was there before is applied again, what was new is removed, what was adopted is released. */
  undoWave(input: { syncId: string } & WaveRef): Promise<void>;
  /** Waits until the revision before the sync is healthy again. */
  awaitUndone(input: { syncId: string; timeoutMs: number }): Promise<WaveVerdict>;
  /** Compares target with desired state and writes down health, drift and addresses. */
  observe(input: { deploymentId: string }): Promise<Observation>;
  /**
   * Applies the live revision's objects that drifted. Fields in `skip` (as `Observation.drift` names them) are contested:
   * they are applied as they are live, so that the rest of their object is put right and they stay as others made them.
   * An object that is missing and contested stays away. What the target refuses is logged and left.
   */
  heal(input: { deploymentId: string; skip: string[] }): Promise<void>;
  /**
   * Removes everything the deployment owns; of a preview its namespace too. Done when the target says that nothing is
   * left. `preview` tells where it is when there is no row any more.
   */
  removeAll(input: {
    deploymentId: string;
    preview?: DeploymentPlace & { projectId: string };
  }): Promise<void>;
}
