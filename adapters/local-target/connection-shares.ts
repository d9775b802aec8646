import { readFileSync } from 'node:fs';

/** Lets connections in for Services, and knows whose they are. */
export interface ConnectionShares {
  /** @returns gives the place back, safe to call twice; null where the deployment has its share */
  take(deploymentId: string): (() => void) | null;
}

/** More are of no use to one process. */
const mostOfAll = 10_000;

/**
 * Each connection takes two of the descriptors that the whole process lives on, and its other end may be in no hurry. A
 * deployment may have half of what the others leave of `most`: what one takes leaves room for the next one, always.
 * @param most default: a quarter of the descriptors that this process may have
 */
export function createConnectionShares(
  most = Math.min(mostOfAll, Math.floor(descriptorLimit() / 4)),
): ConnectionShares {
  const held = new Map<string, number>();
  let all = 0;
  const count = (deploymentId: string, by: 1 | -1): void => {
    const now = (held.get(deploymentId) ?? 0) + by;
    all += by;
    if (now === 0) held.delete(deploymentId);
    else held.set(deploymentId, now);
  };
  return {
    take: (deploymentId) => {
      const own = held.get(deploymentId) ?? 0;
      if (own >= (most - (all - own)) / 2) return null;
      count(deploymentId, 1);
      let isBack = false;
      return () => {
        if (isBack) return;
        isBack = true;
        count(deploymentId, -1);
      };
    },
  };
}

/** Node has raised it as far as it may be. */
function descriptorLimit(): number {
  const usual = 1024;
  try {
    const text = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files\s+(\d+)/m.exec(text)?.[1]) || usual;
  } catch {
    return usual;
  }
}
