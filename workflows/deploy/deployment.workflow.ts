import {
  CancellationScope,
  condition,
  ContinueAsNew,
  continueAsNew,
  isCancellation,
  patched,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import {
  abortSyncSignal,
  deploymentStateQuery,
  desiredChangedSignal,
} from '../../contracts/deploy/messages.ts';
import type {
  DeploymentInput,
  DeploymentState,
  DesiredState,
} from '../../contracts/deploy/types.ts';
import type { TargetKind } from '../../contracts/deploy/target.ts';
import { decideGateSignal } from '../../contracts/gate/messages.ts';
import { searchAttributes } from '../../contracts/search-attributes.ts';
import { GateInbox } from '../gate/wait-at-gate.ts';
import { isHistoryLong } from '../history-length.ts';
import { isLoss, isLostThrice } from '../losses.ts';
import { HealCount, sealedWaitMs } from './deployment.state.ts';
import { deployEffects, deployRecords, removing } from './effects.ts';
import { runSync, type SyncSignals } from './run-sync.ts';

/** What drifts is observed again soon after it was healed. */
const afterHealMs = 5_000;
/** Between two wakes it rests: the workers of the target observe, and wake it when there is something to do. */
const restMs = 24 * 3_600_000;

/**
 * One environment of a project, for as long as it exists: brings what runs to what is desired, watches it, puts drift
 * right. That of a preview takes itself down when it is cancelled, as it is when the preview that started it ends.
 * Signals: desiredChanged, abortSync, decideGate. They only wake: the rows are the truth. Query: deploymentState.
 */
export async function deploymentWorkflow(input: DeploymentInput): Promise<void> {
  const entity = new DeploymentEntity(input);
  setHandler(desiredChangedSignal, () => {
    entity.wake();
  });
  setHandler(abortSyncSignal, (told) => {
    // Since 2026-11-29; the other way can go when no history is alive that was aborted before.
    if (patched('abort-read-from-the-row')) entity.readAbort();
    else if (told !== undefined) entity.abort(told.reason);
  });
  setHandler(decideGateSignal, (decision) => {
    entity.inbox.receive(decision);
  });
  setHandler(deploymentStateQuery, () => entity.state);
  try {
    await entity.run();
  } catch (error) {
    // A preview leaves nothing behind, however it ends.
    const isEnd = !(error instanceof ContinueAsNew);
    if (isEnd) await CancellationScope.nonCancellable(() => entity.leave());
    throw error;
  }
}

const records = deployRecords();

class DeploymentEntity implements SyncSignals {
  readonly inbox = new GateInbox();
  readonly state: DeploymentState;
  wakes = 0;
  readonly #input: DeploymentInput;
  readonly #heals: HealCount;
  #sealedInARow = 0;
  /** `syncId` null: whichever runs now, as histories of before had it */
  #abort: { syncId: string | null; reason: string } | null = null;

  constructor(input: DeploymentInput) {
    this.#input = input;
    this.#heals = new HealCount(input.heals);
    this.state = { phase: 'idle', syncId: null, generation: 0, contested: [] };
  }

  wake(): void {
    this.wakes += 1;
  }

  /** Somebody may want the rollout undone: its row says whether. */
  readAbort(): void {
    const { deploymentId } = this.#input;
    records.readAbort({ deploymentId }).then(
      (asked) => {
        if (asked !== null) this.abort(asked.reason, asked.syncId);
      },
      // It ends with this workflow, as the rollout does; whatever else fails, its end reads the row once more.
      () => undefined,
    );
  }

  abortReasonOf(syncId: string): string | null {
    if (this.#abort === null || (this.#abort.syncId ?? syncId) !== syncId) return null;
    return this.#abort.reason;
  }

  abort(reason: string, ofSync: string | null = null): void {
    // Only a rollout can be aborted; an alert on what serves by now is not an order to take it away.
    // One that is planned was perhaps shown already before its planning answered here.
    const { syncId, phase } = this.state;
    if (syncId !== null || phase === 'planning') this.#abort = { syncId: ofSync, reason };
  }

  show(phase: DeploymentState['phase'], syncId: string | null = this.state.syncId): void {
    if (this.state.phase !== phase) {
      upsertSearchAttributes([{ key: searchAttributes.state, value: phase }]);
    }
    this.state.phase = phase;
    this.state.syncId = syncId;
  }

  async run(): Promise<void> {
    const { deploymentId } = this.#input;
    for (;;) {
      const seen = this.wakes;
      const desired = await records.readDesired({ deploymentId });
      if (desired === null) return await this.leave();
      this.state.generation = desired.generation;
      if (desired.isDeleting) {
        await this.#remove(desired.target);
        await records.forgetDeployment({ deploymentId });
        return;
      }
      const waitMs = await this.#pass(desired, seen);
      if (isHistoryLong() && this.wakes === seen) {
        await continueAsNew<typeof deploymentWorkflow>({
          ...this.#input,
          heals: this.#heals.carry(),
        });
      }
      await condition(() => this.wakes !== seen, waitMs);
    }
  }

  /** Takes down what only this workflow knows of: a preview that was cancelled, or whose row is gone. */
  async leave(): Promise<void> {
    const { deploymentId, preview } = this.#input;
    if (preview === undefined) return;
    await this.#remove(preview.target);
    await records.forgetDeployment({ deploymentId });
  }

  async #remove(target: TargetKind): Promise<void> {
    const { deploymentId, projectId, preview } = this.#input;
    this.state.phase = 'removing';
    this.state.syncId = null;
    await removing(target).removeAll({
      deploymentId,
      ...(preview === undefined ? {} : { preview: { ...preview, projectId } }),
    });
  }

  /** One reconciliation with what is desired. @returns how long to rest, ms */
  async #pass(desired: DesiredState, seenWakes: number): Promise<number> {
    if (desired.isPaused) {
      this.show('paused', null);
      return restMs;
    }
    let isBehind = desired.observedGeneration < desired.generation;
    if (!isBehind) {
      const found = await this.#observe(desired);
      if (!found.revisionChanged) return found.healed ? afterHealMs : restMs;
      isBehind = true;
    }
    this.#abort = null;
    const outcome = await runSync(this, records, this.#input.deploymentId, desired, seenWakes);
    this.show('idle', null);
    if (outcome === 'superseded') return 1;
    if (outcome === 'sealed') {
      this.state.phase = 'sealed';
      // Only how long a timer lasts: a history of before replays, whatever it was.
      this.#sealedInARow += 1;
      return sealedWaitMs(this.#sealedInARow);
    }
    this.#sealedInARow = 0;
    // Fresh addresses and health are shown at once.
    await this.#observe(desired);
    return restMs;
  }

  async #observe(desired: DesiredState): Promise<{ revisionChanged: boolean; healed: boolean }> {
    const { deploymentId } = this.#input;
    const effects = deployEffects(desired.target, desired.healthTimeoutMs);
    this.show('idle', null);
    const seen = await this.#orRefused(desired, () =>
      this.#unlessWoken(() => effects.observe({ deploymentId })),
    );
    if (seen === null) return { revisionChanged: false, healed: false };
    if (seen.drift.length === 0 || !desired.selfHeal) {
      this.state.contested = [];
      return { revisionChanged: seen.revisionChanged, healed: false };
    }
    const { heal, contested } = this.#heals.decide(seen.drift, Date.now());
    this.state.contested = contested.map(({ key }) => key);
    if (contested.length > 0) await records.reportContested({ deploymentId, fields: contested });
    if (heal.length > 0) {
      const skip = this.state.contested;
      await this.#orRefused(desired, () => effects.heal({ deploymentId, skip }));
    }
    return { revisionChanged: seen.revisionChanged, healed: heal.length > 0 };
  }

  /** What no worker survives is told and left until the next observation. @returns null then */
  async #orRefused<T>({ generation }: DesiredState, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!isLostThrice(error)) throw error;
      const { deploymentId } = this.#input;
      await records.refuseDesired({ deploymentId, generation, reason: error.message });
      return null;
    }
  }

  /**
   * An observation that is given up for a wake: a new desired state must not wait for a target that is away, least of all
   * one with another target. @returns null when it was given up
   */
  async #unlessWoken<T>(observe: () => Promise<T>): Promise<T | null> {
    const seen = this.wakes;
    const scope = new CancellationScope();
    const observing = scope.run(observe);
    void condition(() => this.wakes !== seen).then(
      () => {
        scope.cancel();
      },
      // it is cancelled with this workflow, as the observation is
      () => undefined,
    );
    try {
      return await observing;
    } catch (error) {
      const isAsked = CancellationScope.current().consideredCancelled;
      const isGivenUp = isCancellation(error) || (scope.consideredCancelled && isLoss(error));
      if (this.wakes === seen || isAsked || !isGivenUp) throw error;
      return null;
    }
  }
}
