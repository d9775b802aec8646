import type { GateDecision, GateStatus } from './types.ts';

/** What waits at a gate: a step of a pipeline, or a sync of a deployment. */
export type GateSubject = { pipelineId: string } | { syncId: string };

/** A gate as it is found or made. One whose workflow was started anew may hold decisions, or be closed by now. */
export interface OpenedGate {
  gateId: string;
  quorum: number;
  expiresMs: number;
  status: GateStatus;
  decisions: GateDecision[];
}

/** Effects of a gate, whatever waits at it. Idempotent by subject and step. */
export interface GateActivities {
  openGate(input: GateSubject & { step: string; workflowId: string }): Promise<OpenedGate>;
  closeGate(input: {
    gateId: string;
    status: GateStatus;
    decisions: GateDecision[];
  }): Promise<void>;
}
