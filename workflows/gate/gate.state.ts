import type { GateDecision } from '../../contracts/gate/types.ts';
import { verdictOf } from '../../contracts/gate/verdict.ts';

/** What a gate has been told so far. One voice a person; one rejection is enough, approvals need the quorum, and so do skips. */
export class GateVotes {
  readonly #quorum: number;
  readonly #byDecider = new Map<string, GateDecision>();

  constructor(quorum: number) {
    this.#quorum = quorum;
  }

  /** Takes a decision; a repeated one of the same person is ignored. */
  add(decision: GateDecision): void {
    if (!this.#byDecider.has(decision.deciderId)) this.#byDecider.set(decision.deciderId, decision);
  }

  get decisions(): GateDecision[] {
    return [...this.#byDecider.values()];
  }

  /** How the gate ends, or null while it still waits. */
  verdict(): ReturnType<typeof verdictOf> {
    return verdictOf(this.#quorum, this.decisions);
  }
}
