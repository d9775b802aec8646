import type { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

const inOrder = { orderBy: { createdAt: 'asc' } } as const;

/** What of a change is looked at: all of it, or one project's part. */
export interface ChangeScope {
  changeIds: readonly string[];
  projectIds: readonly string[];
  /** those of the projects whose deployments may be seen */
  deployProjectIds: readonly string[];
}

const stepColumns = {
  name: true,
  kind: true,
  status: true,
  reason: true,
  durationMs: true,
  startedAt: true,
  finishedAt: true,
} satisfies Prisma.PipelineStepSelect;

/** The domain rows that carry these change ids. */
export async function loadChanges(db: Db, scope: ChangeScope) {
  const of = {
    changeId: { in: [...scope.changeIds] },
    projectId: { in: [...scope.projectIds] },
  };
  const deployable = { in: [...scope.deployProjectIds] };
  const [pushes, mergeRequests, pipelines, gates, syncs] = await Promise.all([
    db.push.findMany({ where: of, ...inOrder }),
    db.mergeRequest.findMany({ where: of, ...inOrder, include: { reviews: inOrder } }),
    db.pipeline.findMany({
      where: of,
      ...inOrder,
      include: { steps: { orderBy: { stepOrder: 'asc' }, select: stepColumns } },
    }),
    db.gate.findMany({
      where: { ...of, OR: [{ subjectType: { not: 'deployment' } }, { projectId: deployable }] },
      ...inOrder,
      include: { decisions: inOrder },
    }),
    db.deploymentSync.findMany({
      where: { ...of, projectId: deployable },
      orderBy: { startedAt: 'asc' },
      include: {
        deployment: { select: { id: true, environment: true } },
        revision: { select: { number: true, imageRef: true } },
      },
    }),
  ]);
  return { pushes, mergeRequests, pipelines, gates, syncs };
}

export type ChangeRows = Awaited<ReturnType<typeof loadChanges>>;

/** The rows of one change among those of several. */
export function rowsOf(rows: ChangeRows, changeId: string): ChangeRows {
  const mine = <T extends { changeId: string | null }>(all: T[]) =>
    all.filter((row) => row.changeId === changeId);
  return {
    pushes: mine(rows.pushes),
    mergeRequests: mine(rows.mergeRequests),
    pipelines: mine(rows.pipelines),
    gates: mine(rows.gates),
    syncs: mine(rows.syncs),
  };
}
