import type { Gate } from '../../prisma/generated/client.ts';

/** Keys by which events name what waits at a gate. */
export function subjectOf(
  gate: Pick<Gate, 'subjectType' | 'subjectId'>,
): { pipelineId: string } | { syncId: string } {
  return gate.subjectType === 'deployment'
    ? { syncId: gate.subjectId }
    : { pipelineId: gate.subjectId };
}
