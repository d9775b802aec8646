import {
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';
import type { GateActivities, OpenedGate } from '../../contracts/gate/activities.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { GateVotes } from './gate.state.ts';

const { openGate, closeGate } = proxyActivities<GateActivities>({
  taskQueue: taskQueues.core,
  // Over Postgres only, and idempotent by (subject, step): tried until the database is back.
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
});

/** Decisions as they come in by signal, for all gates of one workflow. */
export class GateInbox {
  readonly #waiting = new Map<string, GateVotes>();
  readonly #early: GateDecision[] = [];

  /** Handler of `decideGateSignal`. A decision may come before `openGate` has answered here. */
  receive(decision: GateDecision): void {
    const votes = this.#waiting.get(decision.gateId);
    if (votes === undefined) this.#early.push(decision);
    else votes.add(decision);
  }

  open({ gateId, quorum, decisions }: OpenedGate): GateVotes {
    const votes = new GateVotes(quorum);
    this.#waiting.set(gateId, votes);
    for (const decision of decisions) votes.add(decision);
    for (const decision of this.#early) if (decision.gateId === gateId) votes.add(decision);
    return votes;
  }
}

/**
 * Waits for people: opens a gate, takes their decisions, ends it at the quorum, a rejection, the expiry, or when it is void.
 * When the waiting is cancelled the gate is closed as void before the cancellation goes on.
 */
export async function waitAtGate(
  inbox: GateInbox,
  input: Parameters<GateActivities['openGate']>[0],
): Promise<{ status: GateStatus; decisions: GateDecision[] }> {
  // A cancellation must not leave a gate behind that is being opened: it is closed below.
  const opened = await CancellationScope.nonCancellable(() => openGate(input));
  const { gateId, expiresMs } = opened;
  const votes = inbox.open(opened);
  if (opened.status !== 'open') return { status: opened.status, decisions: votes.decisions };
  const close = async (status: GateStatus) => {
    await CancellationScope.nonCancellable(() =>
      closeGate({ gateId, status, decisions: votes.decisions }),
    );
    return { status, decisions: votes.decisions };
  };
  try {
    const decided = await condition(() => votes.verdict() !== null, expiresMs);
    return await close(decided ? (votes.verdict() ?? 'void') : 'expired');
  } catch (error) {
    if (isCancellation(error)) await close('void');
    throw error;
  }
}
