import { DomainError } from '../../contracts/problems.ts';
import type {
  Deployment,
  DeploymentHistory,
  DeploymentRevision,
  DeploymentSync,
  DeploymentSyncObject,
  OpsRepo,
  Project,
  User,
} from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

type Named = Pick<User, 'name'> | null;

export type DeploymentInProject = Deployment & {
  project: Pick<Project, 'id' | 'name'> & { owner: Pick<User, 'name'> };
  opsRepo: OpsRepo | null;
  liveRevision: DeploymentRevision | null;
  pinnedRevision: DeploymentRevision | null;
  deployer: Named;
  /** the newest one */
  syncs: (DeploymentSync & { revision: DeploymentRevision })[];
};

export type SyncWithObjects = DeploymentSync & {
  revision: DeploymentRevision;
  objects: DeploymentSyncObject[];
};

const shown = {
  project: { select: { id: true, name: true, owner: { select: { name: true } } } },
  opsRepo: true,
  liveRevision: true,
  pinnedRevision: true,
  deployer: { select: { name: true } },
  syncs: { include: { revision: true }, orderBy: { number: 'desc' }, take: 1 },
} as const;

/** Project of a deployment; null when there is none: what the routes ask the permission on. */
export async function projectOfDeployment(db: Db, id: string): Promise<string | null> {
  const row = await db.deployment.findUnique({ where: { id }, select: { projectId: true } });
  if (row === null) throw new DomainError('not_found', 'There is no such deployment.');
  return row.projectId;
}

/** @throws DomainError `not_found` */
export async function getDeployment(db: Db, id: string): Promise<DeploymentInProject> {
  const row = await db.deployment.findUnique({ where: { id }, include: shown });
  if (row === null) throw new DomainError('not_found', 'There is no such deployment.');
  return row;
}

/** Every lasting environment of these projects, the matrix, or every preview; at most 1,000. */
export async function listDeployments(
  db: Db,
  projectIds: readonly string[],
  of: 'environments' | 'previews' = 'environments',
): Promise<DeploymentInProject[]> {
  return await db.deployment.findMany({
    where: {
      projectId: { in: [...projectIds] },
      mergeRequestId: of === 'previews' ? { not: null } : null,
    },
    include: shown,
    orderBy: [{ projectId: 'asc' }, { environment: 'asc' }],
    take: 1000,
  });
}

/** What happened, newest first. `after` is the id of the last row of the page before. */
export async function listHistory(
  db: Db,
  deploymentId: string,
  page: { limit: number; after: string | null },
): Promise<{ items: (DeploymentHistory & { deployer: Named })[]; next: string | null }> {
  const rows = await db.deploymentHistory.findMany({
    where: { deploymentId, ...(page.after === null ? {} : { id: { lt: page.after } }) },
    include: { deployer: { select: { name: true } } },
    orderBy: { id: 'desc' },
    take: page.limit + 1,
  });
  const items = rows.slice(0, page.limit);
  return { items, next: rows.length > page.limit ? (items.at(-1)?.id ?? null) : null };
}

/** Revisions, newest first: the good ones that are kept, and those in quarantine. At most 100. */
export async function listRevisions(db: Db, deploymentId: string): Promise<DeploymentRevision[]> {
  return await db.deploymentRevision.findMany({
    where: { deploymentId, trimmedAt: null },
    orderBy: { number: 'desc' },
    take: 100,
  });
}

/** The newest syncs with their waves, at most `limit`. */
export async function listSyncs(
  db: Db,
  deploymentId: string,
  limit: number,
): Promise<SyncWithObjects[]> {
  return await db.deploymentSync.findMany({
    where: { deploymentId },
    include: { revision: true, objects: { orderBy: { position: 'asc' } } },
    orderBy: { number: 'desc' },
    take: limit,
  });
}

/** @throws DomainError `not_found` when the deployment has no such revision */
export async function getRevision(
  db: Db,
  deploymentId: string,
  number: number,
): Promise<DeploymentRevision> {
  const found = await db.deploymentRevision.findUnique({
    where: { deploymentId_number: { deploymentId, number } },
  });
  if (found === null) throw new DomainError('not_found', 'There is no such revision.');
  return found;
}
