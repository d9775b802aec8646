/** What a person may say at a gate. */
export const gateDecisions = ['approve', 'reject', 'skip'] as const;
export type GateDecisionKind = (typeof gateDecisions)[number];

export const gateStatuses = ['open', 'approved', 'rejected', 'skipped', 'expired', 'void'] as const;
export type GateStatus = (typeof gateStatuses)[number];

/** A decision as its row has it. Access was checked by the use-case that recorded it. */
export interface GateDecision {
  gateId: string;
  deciderId: string;
  /** `void` is the platform's own word: something newer waits there instead */
  decision: GateDecisionKind | 'void';
  reason: string | null;
}
