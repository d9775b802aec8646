import {
  CancellationScope,
  condition,
  isCancellation,
  patched,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { GateDecision } from '../../contracts/gate/types.ts';
import type { GateActivities, GateNow, OpenedGate } from '../../contracts/gate/activities.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { GateVotes } from './gate.state.ts';

// Over Postgres only, and idempotent by (subject, step): tried until the database is back.
const options = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200 milliseconds', maximumInterval: '10 seconds' },
} as const;
const { openGate, closeGate } = proxyActivities<Pick<GateActivities, 'openGate' | 'closeGate'>>({
  taskQueue: taskQueues.core,
  ...options,
});
// People wait for it: within the workflow's own task.
const { settleGate } = proxyLocalActivities<Pick<GateActivities, 'settleGate'>>({
  ...options,
  localRetryThreshold: '5 seconds',
});

type Ended = Pick<GateNow, 'status' | 'decisions'>;

/**
 * What a workflow hears of its gates. A signal only wakes: how a gate stands is read from its row, so one that nobody of ours
 * sent changes nothing. Only histories of before take the decision from the signal.
 */
export class GateInbox {
  /** how often it was woken */
  wakes = 0;
  readonly #waiting = new Map<string, GateVotes>();
  readonly #early: GateDecision[] = [];

  /** Handler of `decideGateSignal`. */
  receive(told: GateDecision | undefined): void {
    // Since 2026-11-29; the other way can go when no run is alive that waited at a gate before.
    if (patched('gate-read-from-its-row')) {
      this.wakes += 1;
      return;
    }
    if (told === undefined) return;
    const votes = this.#waiting.get(told.gateId);
    if (votes === undefined) this.#early.push(told);
    else votes.add(told);
  }

  /** What is known of an opened gate: histories of before may have heard decisions before it was open. */
  open({ gateId, quorum, decisions }: OpenedGate): GateVotes {
    const votes = new GateVotes(quorum);
    this.#waiting.set(gateId, votes);
    for (const decision of decisions) votes.add(decision);
    for (const decision of this.#early) if (decision.gateId === gateId) votes.add(decision);
    return votes;
  }
}

/** Reads the row of one gate whenever its workflow is woken. */
class GateWatch {
  /** how it ended, once its row says so */
  ended: Ended | null = null;
  #failure: { error: unknown } | null = null;
  #isLeft = false;

  /** @param seen wakes before it was opened: one that came meanwhile counts */
  constructor(inbox: GateInbox, gateId: string, seen: number) {
    this.#watch(inbox, gateId, seen).catch((error: unknown) => {
      if (!isCancellation(error)) this.#failure = { error };
    });
  }

  isOver(): boolean {
    return this.ended !== null || this.#failure !== null;
  }

  throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }

  leave(): void {
    this.#isLeft = true;
  }

  async #watch(inbox: GateInbox, gateId: string, wakes: number): Promise<void> {
    let seen = wakes;
    for (;;) {
      await condition(() => this.#isLeft || inbox.wakes !== seen);
      if (this.#isLeft) return;
      seen = inbox.wakes;
      const now = await settleGate({ gateId });
      if (now.status === 'open') continue;
      this.ended = now;
      return;
    }
  }
}

/**
 * Waits for people: opens a gate and ends when its row says that it has ended, by the quorum, a rejection, or something newer
 * that waits there; or when its time has passed. When the waiting is cancelled the gate is closed as void before the
 * cancellation goes on.
 */
export async function waitAtGate(
  inbox: GateInbox,
  input: Parameters<GateActivities['openGate']>[0],
): Promise<Ended> {
  const seen = inbox.wakes;
  // A cancellation must not leave a gate behind that is being opened: it is closed below.
  const opened = await CancellationScope.nonCancellable(() => openGate(input));
  let votes = inbox.open(opened);
  if (opened.status !== 'open') return { status: opened.status, decisions: votes.decisions };
  const { gateId } = opened;
  let { expiresMs } = opened;
  const close = async (status: 'void' | 'expired' | 'approved' | 'rejected' | 'skipped') => {
    const { decisions } = votes;
    const now = await CancellationScope.nonCancellable(() =>
      closeGate({ gateId, status, decisions }),
    );
    return answerOf(now) ?? { status, decisions, expiresMs: 0 };
  };
  const watch = new GateWatch(inbox, gateId, seen);
  try {
    for (;;) {
      const { isOver, by } = await untilOver(watch, votes, expiresMs);
      watch.throwFailure();
      if (watch.ended !== null) return watch.ended;
      const now = await close(isOver ? (by ?? 'void') : 'expired');
      if (now.status !== 'open') return now;
      // What it was told by signal alone does not count, and its time has not passed by the clock of the rows.
      votes = new GateVotes(opened.quorum);
      expiresMs = now.expiresMs;
    }
  } catch (error) {
    if (isCancellation(error)) await close('void');
    throw error;
  } finally {
    watch.leave();
  }
}

async function untilOver(watch: GateWatch, votes: GateVotes, expiresMs: number) {
  const isOver = await condition(() => watch.isOver() || votes.verdict() !== null, expiresMs);
  return { isOver, by: votes.verdict() };
}

/** Workers of before answered nothing when they closed a gate. */
function answerOf(now: GateNow | null | undefined): GateNow | null {
  return now ?? null;
}
