import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';

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
  verdict(): Exclude<GateStatus, 'open' | 'expired'> | null {
    const said = this.decisions.map((decision) => decision.decision);
    if (said.includes('void')) return 'void';
    if (said.includes('reject')) return 'rejected';
    const enough = (kind: GateDecision['decision']) =>
      said.filter((decision) => decision === kind).length >= this.#quorum;
    if (enough('approve')) return 'approved';
    return enough('skip') ? 'skipped' : null;
  }
}
