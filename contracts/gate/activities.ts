import type { GateDecision, GateStatus } from './types.ts';

/** What waits at a gate: a step of a pipeline, or a sync of a deployment. */
export type GateSubject = { pipelineId: string } | { syncId: string };

/** A gate as its row has it. */
export interface GateNow {
  status: GateStatus;
  /** until it expires, if it is open; at least 1 */
  expiresMs: number;
  decisions: GateDecision[];
}

/** A gate as it is found or made. One whose workflow was started anew may hold decisions, or be closed by now. */
export interface OpenedGate extends GateNow {
  gateId: string;
  quorum: number;
}

/** Effects of a gate, whatever waits at it. Idempotent by subject and step. */
export interface GateActivities {
  openGate(input: GateSubject & { step: string; workflowId: string }): Promise<OpenedGate>;
  /** Counts what was said, in the database, and closes the gate if that is enough. */
  settleGate(input: { gateId: string }): Promise<GateNow>;
  /**
   * The workflow waits no more. What was said by then is counted first, and decides; else the gate is void or, when its time
   * has passed, expired. Any other status asked for (as workflows of before do) closes nothing that the count does not close.
   */
  closeGate(input: {
    gateId: string;
    status: GateStatus;
    decisions: GateDecision[];
  }): Promise<GateNow>;
}
