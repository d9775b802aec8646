import type { PipelinePlan } from '../../contracts/pipeline/types.ts';

/** A plan without steps that asks for a preview. */
export function planOf(
  more: Partial<NonNullable<PipelinePlan['deploy']>[number]> = {},
): PipelinePlan {
  const deploy = {
    environment: 'preview' as const,
    image: 'registry.example/app:1',
    target: null,
    manifestPath: null,
    approvals: 0,
    bakeMs: 1000,
    healthTimeoutMs: 1000,
    isImplicit: true,
    skipReason: null,
    ttlMs: 3_600_000,
    ...more,
  };
  return { steps: [], deploy: [deploy] };
}
