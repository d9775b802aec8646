import type { DeploymentMismatch, EngineEntity } from '../../contracts/reconcile/types.ts';

/** An environment as the database has it, with its syncs that have not ended. */
export interface StoredDeployment {
  id: string;
  projectId: string;
  environment: string;
  currentStatus: string;
  isPaused: boolean;
  isDeleting: boolean;
  generation: number;
  observedGeneration: number;
  createdAt: Date;
  updatedAt: Date;
  syncs: readonly { id: string; status: string; startedAt: Date }[];
}

/** Changes of the desired state go through the outbox, and an entity tells of a sync it has begun a moment later. */
const graceMs = 30_000;

const isOld = (date: Date, now: Date) => now.getTime() - date.getTime() >= graceMs;

/** Whether the rows alone say that the entity has to be asked what it does. */
export function mustAsk(row: StoredDeployment, now: Date): boolean {
  return isWaiting(row, now) || row.syncs.some(({ startedAt }) => isOld(startedAt, now));
}

/** A desired state that is not observed yet, for long enough that its entity must have heard of it. */
function isWaiting(row: StoredDeployment, now: Date): boolean {
  const isBehind = row.isDeleting || (!row.isPaused && row.generation > row.observedGeneration);
  return isBehind && row.syncs.length === 0 && isOld(row.updatedAt, now);
}

/**
 * Where the database and the engine disagree on an environment. An entity that plans has not told yet which sync it is
 * at, so nothing is concluded from it.
 */
export function compareDeployment(
  row: StoredDeployment,
  engine: EngineEntity,
  now: Date,
): DeploymentMismatch[] {
  const of = (engineStatus: string): DeploymentMismatch => ({
    kind: 'deployment',
    deploymentId: row.id,
    projectId: row.projectId,
    environment: row.environment,
    syncId: null,
    dbStatus: row.isDeleting ? 'deleting' : row.currentStatus,
    engineStatus,
  });
  if (engine.state === 'unknown') return [];
  // Its syncs are taken up again by the entity that is started in its place.
  if (engine.state === 'missing') return isOld(row.createdAt, now) ? [of('missing')] : [];
  if (engine.state === 'ended') return isOld(row.createdAt, now) ? [of(engine.status)] : [];
  const { at } = engine;
  if (at === null || at.phase === 'planning') return [];
  const lost = row.syncs
    .filter(({ id, startedAt }) => id !== at.syncId && isOld(startedAt, now))
    .map(({ id, status }) => ({
      ...of(at.phase),
      kind: 'sync' as const,
      syncId: id,
      dbStatus: status,
    }));
  // Not one that waits for sealed secrets, or takes its time to take everything down.
  const isDeaf = isWaiting(row, now) && (at.phase === 'idle' || at.phase === 'paused');
  return isDeaf ? [...lost, of(at.phase)] : lost;
}

/** The same disagreement as before. */
export function isSameDeploymentMismatch(a: DeploymentMismatch, b: DeploymentMismatch): boolean {
  return (
    a.kind === b.kind &&
    a.deploymentId === b.deploymentId &&
    a.syncId === b.syncId &&
    a.dbStatus === b.dbStatus &&
    a.engineStatus === b.engineStatus
  );
}
