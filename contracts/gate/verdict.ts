import type { GateDecision, GateStatus } from './types.ts';

/** How a gate ends by what was said at it, or null while it still waits: one rejection is enough, approvals need the quorum, and so do skips. */
export function verdictOf(
  quorum: number,
  decisions: readonly Pick<GateDecision, 'decision'>[],
): Exclude<GateStatus, 'open' | 'expired'> | null {
  const said = decisions.map(({ decision }) => decision);
  if (said.includes('void')) return 'void';
  if (said.includes('reject')) return 'rejected';
  const enough = (kind: GateDecision['decision']) =>
    said.filter((decision) => decision === kind).length >= quorum;
  if (enough('approve')) return 'approved';
  return enough('skip') ? 'skipped' : null;
}
