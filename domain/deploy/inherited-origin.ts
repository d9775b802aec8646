import type { Deployment } from '../../prisma/generated/client.ts';
import { originOf } from '../shared/origin.ts';

/**
 * Whose work a wish for the same image stays: theirs who had it before, and of one that nothing has come of yet whoever
 * wished it. What was rolled out tells by itself who had it first, see origin-of-sync.ts.
 */
export function inheritedOrigin({
  deployedBy,
  originIds,
  observedGeneration,
  generation,
}: Deployment): string[] {
  return originOf({ by: observedGeneration < generation ? deployedBy : null, originIds });
}
