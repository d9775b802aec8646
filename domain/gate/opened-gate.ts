import type { OpenedGate } from '../../contracts/gate/activities.ts';
import type { GateDecisionKind, GateStatus } from '../../contracts/gate/types.ts';
import type { Gate, GateDecision } from '../../prisma/generated/client.ts';

/** What the workflow that waits at a gate is told of it: also what was said before it came, or came again. */
export function openedGate(
  gate: Gate & { decisions: readonly GateDecision[] },
  expiresMs: number,
): OpenedGate {
  const leftMs = (gate.expiresAt?.getTime() ?? Date.now() + expiresMs) - Date.now();
  return {
    gateId: gate.id,
    quorum: gate.quorum,
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
