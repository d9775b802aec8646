import type { GateDecision, GateStatus } from './types.ts';

/** What waits at a gate: a step of a pipeline, or a sync of a deployment. */
export type GateSubject = { pipelineId: string } | { syncId: string };

/** Effects of a gate, whatever waits at it. Idempotent by subject and step. */
export interface GateActivities {
  openGate(
    input: GateSubject & { step: string; workflowId: string },
  ): Promise<{ gateId: string; quorum: number; expiresMs: number }>;
  closeGate(input: {
    gateId: string;
    status: GateStatus;
    decisions: GateDecision[];
  }): Promise<void>;
}
