import type { Log } from '../../contracts/log.ts';
import type {
  DeploymentMismatch,
  EngineEntity,
  EnvironmentMismatch,
  ReconcileActivities,
} from '../../contracts/reconcile/types.ts';
import {
  compareDeployment,
  isSameDeploymentMismatch,
  mustAsk,
  type StoredDeployment,
} from '../../domain/reconcile/compare-deployment.ts';
import {
  findDeployment,
  findDeployments,
  findWithoutRow,
} from '../../domain/reconcile/find-deployments.ts';
import {
  type EntityControl,
  repairDeploymentMismatch,
} from '../../domain/reconcile/repair-deployment.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { findPreviewMismatches, type PreviewReconcileDeps, repairPreview } from './previews.ts';

/** An environment, as its entity is named by it. */
interface EntityKey {
  projectId: string;
  environment: string;
}

export interface DeploymentReconcileDeps extends PreviewReconcileDeps {
  db: PrismaClient;
  log: Pick<Log, 'warn'>;
  entities: EntityControl & {
    /** environments whose entity runs, as far as the engine's index knows by now */
    listRunning: () => Promise<EntityKey[]>;
    /** what the engine itself knows of one */
    describe: (key: EntityKey) => Promise<EngineEntity>;
  };
}

const BATCH = 200;

/** The part of the reconciler that reconciles environments, previews too, and their entities. */
export function createDeploymentReconcile(
  deps: DeploymentReconcileDeps,
): Pick<ReconcileActivities, 'findDeploymentMismatches' | 'repairDeploymentMismatches'> {
  const { db, entities } = deps;
  /** Only an entity that seems to be missing, or may be at odds with its row, is asked: with hundreds it counts. */
  const compare = async (row: StoredDeployment, running: ReadonlySet<string>) => {
    const now = new Date();
    if (running.has(nameOf(row)) && !mustAsk(row, now)) return [];
    return compareDeployment(row, await describe(deps, row), now);
  };
  return {
    async findDeploymentMismatches({ after }) {
      // Asked once for all rows. One whose entity was started since is asked for by itself.
      const listed = await entities.listRunning();
      const running = new Set(listed.map(nameOf));
      const mismatches: EnvironmentMismatch[] = [];
      let checked = 0;
      let next = after;
      do {
        const rows: StoredDeployment[] = await findDeployments(db, next, BATCH);
        for (const row of rows) mismatches.push(...(await compare(row, running)));
        checked += rows.length;
        next = rows.length === BATCH ? (rows.at(-1)?.id ?? null) : null;
        // more than an answer should hold: the rest comes after these were repaired
        if (next !== null && mismatches.length >= BATCH) return { checked, mismatches, next };
      } while (next !== null);
      mismatches.push(...(await findOrphans(deps, listed)));
      const previews = await findPreviewMismatches(deps);
      mismatches.push(...previews.mismatches);
      return { checked: checked + previews.checked, mismatches, next: null };
    },
    async repairDeploymentMismatches({ mismatches }) {
      let repaired = 0;
      for (const mismatch of mismatches) {
        const isPreview = mismatch.kind === 'preview';
        const isDone = isPreview ? repairPreview(deps, mismatch) : repair(deps, mismatch);
        if (await isDone) repaired += 1;
      }
      return { repaired };
    },
  };
}

const nameOf = ({ projectId, environment }: EntityKey) => `${projectId} ${environment}`;

/** One that cannot be asked says nothing of the others. */
async function describe(
  { entities, log }: DeploymentReconcileDeps,
  { projectId, environment }: EntityKey,
): Promise<EngineEntity> {
  try {
    return await entities.describe({ projectId, environment });
  } catch (error) {
    log.warn({ project_id: projectId, environment, err: error }, 'the engine did not tell');
    return { state: 'unknown' };
  }
}

async function findOrphans(
  deps: DeploymentReconcileDeps,
  listed: readonly EntityKey[],
): Promise<DeploymentMismatch[]> {
  const orphans: DeploymentMismatch[] = [];
  for (const { projectId, environment } of await findWithoutRow(deps.db, listed)) {
    const engine = await describe(deps, { projectId, environment });
    if (engine.state !== 'running') continue;
    orphans.push({
      kind: 'orphan',
      deploymentId: null,
      projectId,
      environment,
      syncId: null,
      dbStatus: 'missing',
      engineStatus: 'running',
    });
  }
  return orphans;
}

async function isStill(
  deps: DeploymentReconcileDeps,
  mismatch: DeploymentMismatch,
): Promise<boolean> {
  if (mismatch.kind === 'orphan') return (await findOrphans(deps, [mismatch])).length > 0;
  const row = await findDeployment(deps.db, mismatch.deploymentId ?? '');
  if (row === null) return false;
  const now = compareDeployment(row, await describe(deps, row), new Date());
  return now.some((one) => isSameDeploymentMismatch(one, mismatch));
}

async function repair(
  deps: DeploymentReconcileDeps,
  mismatch: DeploymentMismatch,
): Promise<boolean> {
  const { db, log, entities } = deps;
  const { deploymentId, projectId, environment, syncId, dbStatus, engineStatus } = mismatch;
  const fields = {
    kind: mismatch.kind,
    deployment_id: deploymentId,
    project_id: projectId,
    environment,
    sync_id: syncId,
  };
  try {
    if (!(await isStill(deps, mismatch))) return false;
    log.warn({ ...fields, db_status: dbStatus, engine_status: engineStatus }, 'state_mismatch');
    await repairDeploymentMismatch(db, mismatch, entities);
    return true;
  } catch (error) {
    log.warn({ ...fields, err: error }, 'an environment could not be repaired');
    return false;
  }
}
