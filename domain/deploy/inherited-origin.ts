import type { Deployment } from '../../prisma/generated/client.ts';
import { originOf } from '../shared/origin.ts';

/**
 * The origin of a desired state with the same image: whose work it was before, and of one that is not rolled out yet its
 * requester. What was rolled out tells by itself who had it first, see origin-of-sync.ts.
 */
export function inheritedOrigin({
  deployedBy,
  originIds,
  observedGeneration,
  generation,
}: Deployment): string[] {
  return originOf({ by: observedGeneration < generation ? deployedBy : null, originIds });
}
