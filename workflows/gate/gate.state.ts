import type { GateDecision, GateStatus } from '../../contracts/gate/types.ts';

/** What a gate has been told so far. One voice a person; one rejection or skip is enough, approvals need the quorum. */
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
  verdict(): Exclude<GateStatus, 'open' | 'expired' | 'void'> | null {
    const said = this.decisions.map((decision) => decision.decision);
    if (said.includes('reject')) return 'rejected';
    if (said.includes('skip')) return 'skipped';
    return said.filter((decision) => decision === 'approve').length >= this.#quorum
      ? 'approved'
      : null;
  }
}
