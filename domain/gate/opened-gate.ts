import type { GateNow, OpenedGate } from '../../contracts/gate/activities.ts';
import type { GateDecisionKind, GateStatus } from '../../contracts/gate/types.ts';
import type { Gate, GateDecision } from '../../prisma/generated/client.ts';

/** A gate with all that was said at it, oldest first. */
export type HeardGate = Gate & { decisions: readonly GateDecision[] };

/** What the workflow that waits at a gate is told of it: also what was said before it came, or came again. */
export function openedGate(gate: HeardGate, expiresMs: number): OpenedGate {
  return { gateId: gate.id, quorum: gate.quorum, ...gateNow(gate, expiresMs) };
}

/** How a gate is. */
export function gateNow(gate: HeardGate, expiresMs: number): GateNow {
  const leftMs = (gate.expiresAt?.getTime() ?? Date.now() + expiresMs) - Date.now();
  return {
    expiresMs: Math.max(1, leftMs),
    status: gate.status as GateStatus,
    decisions: gate.decisions.map(({ deciderId, decision, reason }) => ({
      gateId: gate.id,
      deciderId,
      decision: decision as GateDecisionKind,
      reason,
    })),
  };
}
