import type { DeploymentSync } from '../../prisma/generated/client.ts';
import type { DeployActivityDeps } from './deps.ts';

type Versions = ReadonlyMap<string, number>;

/** Which version of each of these secrets is meant. */
export type VersionsOf = (names: readonly string[]) => Promise<Versions>;

function noted({ secretVersions }: Pick<DeploymentSync, 'secretVersions'>): Versions {
  return new Map(Object.entries((secretVersions ?? {}) as Record<string, number>));
}

/** What a sync noted; what it did not, or what was begun before that was noted, as it is otherwise known. */
function notedOr(
  sync: Pick<DeploymentSync, 'secretVersions'> | null,
  otherwise: VersionsOf,
): VersionsOf {
  const known = sync === null ? new Map<string, number>() : noted(sync);
  return async (names) => {
    const missing = names.filter((name) => !known.has(name));
    return missing.length === 0 ? known : new Map([...(await otherwise(missing)), ...known]);
  };
}

/** Those that a sync brings, as they were when it was planned: all its waves bring the same. */
export function broughtVersions({ secrets }: DeployActivityDeps, sync: DeploymentSync): VersionsOf {
  return notedOr(sync, (names) => secrets.versions('newest', sync.deploymentId, names));
}

/** Those that the last good sync brought: what runs is compared with them, and an undo goes back to them. */
export function servedVersions(deps: DeployActivityDeps, deploymentId: string): VersionsOf {
  return ofLastSync(deps, { deploymentId, status: 'succeeded' });
}

/** Those that the last sync brought, whatever became of it: only newer ones are a reason for another. */
export function triedVersions(deps: DeployActivityDeps, deploymentId: string): VersionsOf {
  return ofLastSync(deps, { deploymentId });
}

function ofLastSync(
  { db, secrets }: DeployActivityDeps,
  where: { deploymentId: string; status?: string },
): VersionsOf {
  return async (names) => {
    if (names.length === 0) return new Map();
    const last = await db.deploymentSync.findFirst({ where, orderBy: { number: 'desc' } });
    const held: VersionsOf = (missing) => secrets.versions('held', where.deploymentId, missing);
    return await notedOr(last, held)(names);
  };
}
