import type { Prisma } from '../../prisma/generated/client.ts';
import { openSyncStatuses } from '../deploy/begin-sync.ts';
import type { Db } from '../shared/db.ts';
import type { StoredDeployment } from './compare-deployment.ts';

const columns = {
  id: true,
  projectId: true,
  environment: true,
  currentStatus: true,
  isPaused: true,
  isDeleting: true,
  generation: true,
  observedGeneration: true,
  createdAt: true,
  updatedAt: true,
  syncs: {
    where: { status: { in: [...openSyncStatuses] as string[] } },
    select: { id: true, status: true, startedAt: true },
  },
} satisfies Prisma.DeploymentSelect;

/** Lasting environments after the one named, oldest first; the deployment of a preview is kept by its workflow. */
export async function findDeployments(
  db: Db,
  after: string | null,
  limit: number,
): Promise<StoredDeployment[]> {
  return await db.deployment.findMany({
    where: { mergeRequestId: null, ...(after === null ? {} : { id: { gt: after } }) },
    orderBy: { id: 'asc' },
    take: limit,
    select: columns,
  });
}

export async function findDeployment(db: Db, id: string): Promise<StoredDeployment | null> {
  return await db.deployment.findUnique({ where: { id }, select: columns });
}

/** Those of the environments that have no row. */
export async function findWithoutRow<Key extends { projectId: string; environment: string }>(
  db: Db,
  keys: readonly Key[],
): Promise<Key[]> {
  const rows = await db.deployment.findMany({
    where: {
      mergeRequestId: null,
      projectId: { in: [...new Set(keys.map(({ projectId }) => projectId))] },
    },
    select: { projectId: true, environment: true },
  });
  const known = new Set(rows.map((row) => `${row.projectId} ${row.environment}`));
  return keys.filter(({ projectId, environment }) => !known.has(`${projectId} ${environment}`));
}
