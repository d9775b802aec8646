import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  log,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import type { DeployRecords } from '../../contracts/deploy/activities.ts';
import type {
  DeploymentState,
  DesiredState,
  SyncOutcome,
  SyncPlan,
  WaveRef,
  WaveVerdict,
} from '../../contracts/deploy/types.ts';
import { type GateInbox, waitAtGate } from '../gate/wait-at-gate.ts';
import { isLostThrice } from '../losses.ts';
import { planOrRefuse } from './plan-or-refuse.ts';
import { UndoStack } from './deployment.state.ts';
import { deployEffects, type SyncEffects } from './effects.ts';

/** What the entity hears while a sync runs. */
export interface SyncSignals {
  readonly inbox: GateInbox;
  /** why people or an alert want a sync undone; null while nobody does */
  abortReasonOf(syncId: string): string | null;
  /** how often it was told that something about the desired state changed */
  readonly wakes: number;
  show(phase: DeploymentState['phase'], syncId?: string | null): void;
}

/** Ends a sync early: undone, or left to the one that follows. */
class SyncStop extends Error {
  readonly outcome: 'undone' | 'superseded' | 'rejected';

  constructor(outcome: SyncStop['outcome'], reason: string) {
    super(reason);
    this.name = 'SyncStop';
    this.outcome = outcome;
  }
}

type Planned = Extract<SyncPlan, { kind: 'planned' }>;

/**
 * Brings the target to what is desired: PreSync hooks, waves one after another each healthy before the next, pruning,
 * PostSync hooks, bake. Each wave registers its undo before its effect; whatever fails runs them in reverse.
 * @param seenWakes how often it had been told of changes when `desired` was read: one that comes while it plans counts
 */
export async function runSync(
  signals: SyncSignals,
  records: DeployRecords,
  deploymentId: string,
  desired: DesiredState,
  seenWakes: number,
): Promise<SyncOutcome | 'nothing' | 'sealed'> {
  signals.show('planning', null);
  const effects = deployEffects(desired.target, desired.healthTimeoutMs);
  const plan = await planOrRefuse({ signals, records, effects, deploymentId }, desired, seenWakes);
  if (plan === 'superseded') return plan;
  if (plan.kind === 'nothing') return plan.isSealed === true ? 'sealed' : 'nothing';
  // What was desired changed under the planning: the rollout goes by what it planned for.
  const { generation = desired.generation } = plan;
  const now =
    generation > desired.generation ? await records.readDesired({ deploymentId }) : desired;
  if (now?.generation !== generation || now.target !== desired.target) {
    const reason = 'something newer is desired';
    await records.finishSync({ deploymentId, syncId: plan.syncId, outcome: 'superseded', reason });
    return 'superseded';
  }
  // Histories of before go on as they began: a wake that came while it planned was not heard, a skip let through.
  const isHeard = patched('wakes-while-planning');
  const seen = isHeard ? seenWakes : signals.wakes;
  const sync = new Sync(signals, records, effects, deploymentId, now, plan, seen, isHeard);
  return await sync.run();
}

class Sync {
  readonly #undo = new UndoStack();
  readonly #signals: SyncSignals;
  readonly #records: DeployRecords;
  readonly #effects: SyncEffects;
  readonly #deploymentId: string;
  readonly #desired: DesiredState;
  readonly #plan: Planned;
  readonly #generation: number;
  /** a prune that somebody skips keeps the objects; false only for what began before it did */
  readonly #keepsSkipped: boolean;
  #seenWakes: number;
  #isPaused = false;
  /** somebody chose to keep what would be pruned */
  #isPruneSkipped = false;

  constructor(
    signals: SyncSignals,
    records: DeployRecords,
    effects: SyncEffects,
    deploymentId: string,
    desired: DesiredState,
    plan: Planned,
    seenWakes: number,
    keepsSkipped: boolean,
  ) {
    this.#signals = signals;
    this.#records = records;
    this.#effects = effects;
    this.#deploymentId = deploymentId;
    this.#desired = desired;
    this.#plan = plan;
    this.#generation = plan.generation ?? desired.generation;
    this.#seenWakes = seenWakes;
    this.#keepsSkipped = keepsSkipped;
  }

  async run(): Promise<SyncOutcome> {
    try {
      await this.#passGate();
      await this.#rollout();
      const abortReason = await this.#end('succeeded', null);
      // Somebody was told that it will be undone, in the moment in which it was done.
      if (abortReason !== null) throw new SyncStop('undone', abortReason);
      return 'succeeded';
    } catch (error) {
      // The deployment itself ends: nothing failed, and there is nothing to go back to.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
      const reason = reasonOf(error);
      const outcome = error instanceof SyncStop ? error.outcome : 'undone';
      if (outcome !== 'undone') return await this.#finish(outcome, reason);
      return await this.#undoAll(reason);
    }
  }

  async #passGate(): Promise<void> {
    const { syncId, prune, action } = this.#plan;
    const isAsked = this.#desired.approvals > 0 && action === 'deploy';
    if (!isAsked && !prune.needsPerson) return;
    this.#signals.show('waiting', syncId);
    const reason = prune.needsPerson
      ? `more than half of the objects (${String(prune.count)}) would be pruned`
      : null;
    await this.#records.setSyncStatus({ syncId, status: 'waiting', reason });
    const { status, decisions } = await this.#watched(() =>
      waitAtGate(this.#signals.inbox, {
        syncId,
        step: prune.needsPerson ? 'prune' : 'sync',
        workflowId: workflowInfo().workflowId,
      }),
    );
    this.#isPruneSkipped = status === 'skipped' && prune.needsPerson && this.#keepsSkipped;
    const isLetThrough = status === 'approved' || (status === 'skipped' && !this.#keepsSkipped);
    if (!isLetThrough && !this.#isPruneSkipped) {
      const said = decisions.map((decision) => decision.reason).find((text) => text !== null);
      throw new SyncStop('rejected', said ?? `the gate was ${status}`);
    }
    await this.#records.setSyncStatus({ syncId, status: 'running', reason: null });
  }

  async #rollout(): Promise<void> {
    const { syncId, waves, prune } = this.#plan;
    this.#signals.show('syncing', syncId);
    const before = waves.filter(({ phase }) => phase === 'PreSync' || phase === 'Sync');
    const after = waves.filter(({ phase }) => phase === 'PostSync');
    for (const wave of before) await this.#runWave(wave);
    if (prune.count > 0 && !this.#isPruneSkipped) {
      this.#undo.register({ kind: 'prune' });
      await this.#effects.pruneObjects({ syncId });
    }
    for (const wave of after) await this.#runWave(wave);
    await this.#bake();
    this.#stopIfAsked();
  }

  async #runWave(wave: WaveRef): Promise<void> {
    const { syncId } = this.#plan;
    await this.#holdWhilePaused();
    this.#undo.register({ kind: 'wave', wave });
    await this.#effects.applyWave({ syncId, ...wave });
    const timeoutMs = this.#desired.healthTimeoutMs;
    this.#demand(
      await this.#watched(() => this.#effects.awaitWave({ syncId, ...wave, timeoutMs })),
    );
  }

  async #bake(): Promise<void> {
    const { syncId, action } = this.#plan;
    const { bakeMs } = this.#desired;
    if (bakeMs <= 0 || action === 'stop') return;
    this.#signals.show('baking', syncId);
    await this.#records.setSyncStatus({ syncId, status: 'baking', reason: null });
    this.#demand(await this.#watched(() => this.#effects.watchBake({ syncId, bakeMs })));
  }

  #demand(verdict: WaveVerdict): void {
    if (!verdict.healthy) throw new SyncStop('undone', verdict.reason);
  }

  #abortReason(): string | null {
    return this.#signals.abortReasonOf(this.#plan.syncId);
  }

  #stopIfAsked(): void {
    const abortReason = this.#abortReason();
    if (abortReason === null) return;
    // Before anything was touched there is nothing to undo, and no revision to blame.
    throw new SyncStop(this.#undo.isEmpty ? 'rejected' : 'undone', abortReason);
  }

  /** Waits for its end, or until somebody wants the rollout stopped or something newer is desired. */
  async #watched<T>(work: () => Promise<T>): Promise<T> {
    const isStopped = () => this.#abortReason() !== null;
    const scope = new CancellationScope();
    let isDone = false;
    const result = scope.run(work).finally(() => {
      isDone = true;
    });
    // Cancelled from outside nobody waits for it any more, and a rejection that nobody takes fails every workflow task.
    result.catch(() => undefined);
    for (;;) {
      await condition(() => isDone || isStopped() || this.#signals.wakes !== this.#seenWakes);
      if (isDone) return await result;
      if (!isStopped() && !(await this.#isSomethingNewerDesired())) continue;
      if (isDone) return await result;
      scope.cancel();
      await result.catch(() => undefined);
      this.#stopIfAsked();
      throw new SyncStop('superseded', 'something newer is desired');
    }
  }

  async #isSomethingNewerDesired(): Promise<boolean> {
    this.#seenWakes = this.#signals.wakes;
    const now = await this.#records.readDesired({ deploymentId: this.#deploymentId });
    this.#isPaused = now?.isPaused ?? false;
    return now === null || now.isDeleting || now.generation > this.#generation;
  }

  /** Between waves: what was paused in the middle of a sync goes on from there. */
  async #holdWhilePaused(): Promise<void> {
    for (;;) {
      this.#stopIfAsked();
      if (this.#signals.wakes !== this.#seenWakes && (await this.#isSomethingNewerDesired())) {
        throw new SyncStop('superseded', 'something newer is desired');
      }
      if (!this.#isPaused) return;
      this.#signals.show('paused');
      await condition(
        () => this.#signals.wakes !== this.#seenWakes || this.#abortReason() !== null,
      );
      this.#signals.show('syncing');
    }
  }

  async #undoAll(reason: string): Promise<SyncOutcome> {
    return await CancellationScope.nonCancellable(async () => {
      const { syncId } = this.#plan;
      this.#signals.show('undoing', syncId);
      await this.#records.setSyncStatus({ syncId, status: 'undoing', reason });
      try {
        await this.#runFailHooks();
        for (const step of this.#undo.inReverse()) {
          if (step.kind === 'prune') await this.#effects.restorePruned({ syncId });
          else await this.#effects.undoWave({ syncId, ...step.wave });
        }
        const timeoutMs = this.#desired.healthTimeoutMs;
        const verdict = await this.#effects.awaitUndone({ syncId, timeoutMs });
        if (!verdict.healthy) throw new Error(`after the undo: ${verdict.reason}`);
      } catch (error) {
        const both = `${reason}; the undo failed too: ${reasonOf(error)}`;
        return await this.#finish('needs_human', both);
      }
      const outcome = await this.#finish('undone', reason);
      await this.#openRevert();
      return outcome;
    });
  }

  /** All is back as it was by now: a revert that cannot be opened is said in the log, and changes nothing of that. */
  async #openRevert(): Promise<void> {
    const { syncId } = this.#plan;
    try {
      await this.#records.openRevert({ deploymentId: this.#deploymentId, syncId });
    } catch (error) {
      if (!isLostThrice(error)) throw error;
      log.warn('no revert was opened', { syncId, reason: error.message });
    }
  }

  /** Hooks that clean up after a failure; one that fails itself must not hold up the undo. */
  async #runFailHooks(): Promise<void> {
    const { syncId, waves } = this.#plan;
    for (const wave of waves.filter(({ phase }) => phase === 'SyncFail')) {
      try {
        await this.#effects.applyWave({ syncId, ...wave });
        await this.#effects.awaitWave({ syncId, ...wave, timeoutMs: 60_000 });
      } catch (error) {
        if (isCancellation(error)) throw error;
      }
    }
  }

  async #finish(
    outcome: Exclude<SyncOutcome, 'succeeded'>,
    reason: string | null,
  ): Promise<SyncOutcome> {
    await this.#end(outcome, reason);
    return outcome;
  }

  /** @returns why it may not end so: somebody has aborted it */
  async #end(outcome: SyncOutcome, reason: string | null): Promise<string | null> {
    const { syncId } = this.#plan;
    const deploymentId = this.#deploymentId;
    return abortOf(await this.#records.finishSync({ deploymentId, syncId, outcome, reason }));
  }
}

/** Workers of before answered nothing when they ended a sync. */
function abortOf(ended: { abortReason: string | null } | null | undefined): string | null {
  return ended?.abortReason ?? null;
}

function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure) return reasonOf(error.cause);
  if (error instanceof ApplicationFailure) return error.message;
  return error instanceof Error ? error.message : String(error);
}
