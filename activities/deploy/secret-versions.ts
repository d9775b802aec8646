import type { DeploymentSync } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';

type Versions = ReadonlyMap<string, number>;

/** Which version of each of these secrets is meant. */
export type VersionsOf = (names: readonly string[]) => Promise<Versions>;

function noted({ secretVersions }: Pick<DeploymentSync, 'secretVersions'>): Versions {
  return new Map(Object.entries((secretVersions ?? {}) as Record<string, number>));
}

/** Those that a sync brings, as they were when it was planned: all its waves bring the same. */
export function broughtVersions(deps: DeployActivityDeps, sync: DeploymentSync): VersionsOf {
  return async (names) => {
    const known = noted(sync);
    const missing = names.filter((name) => !known.has(name));
    if (missing.length === 0) return known;
    return new Map([
      ...(await deps.secrets.versions('newest', sync.deploymentId, missing)),
      ...known,
    ]);
  };
}

/** Those that the last good sync brought: what runs is compared with them, and an undo goes back to them. */
export async function servedVersions(
  deps: DeployActivityDeps,
  deploymentId: string,
  names: readonly string[],
): Promise<Versions> {
  return await heldOr(deps, deploymentId, names, { status: 'succeeded' });
}

/** Those that the last sync brought, whatever became of it: only newer ones are a reason for another. */
export async function triedVersions(
  deps: DeployActivityDeps,
  deploymentId: string,
  names: readonly string[],
): Promise<Versions> {
  return await heldOr(deps, deploymentId, names, {});
}

async function heldOr(
  { db, secrets }: DeployActivityDeps,
  deploymentId: string,
  names: readonly string[],
  where: { status?: string },
): Promise<Versions> {
  if (names.length === 0) return new Map();
  const last = await db.deploymentSync.findFirst({
    where: { deploymentId, ...where },
    orderBy: { number: 'desc' },
  });
  const held = await secrets.versions('held', deploymentId, names);
  return new Map([...held, ...(last === null ? [] : noted(last))]);
}
