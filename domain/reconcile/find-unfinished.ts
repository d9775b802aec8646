import type { Db } from '../shared/db.ts';
import type { StoredRun } from './compare-run.ts';

const columns = {
  id: true,
  status: true,
  createdAt: true,
  steps: { select: { id: true, name: true, status: true } },
} as const;

/** Unfinished runs after the one named, oldest first. */
export async function findUnfinishedRuns(
  db: Db,
  after: string | null,
  limit: number,
): Promise<StoredRun[]> {
  return await db.pipeline.findMany({
    where: {
      status: { in: ['pending', 'running'] },
      ...(after === null ? {} : { id: { gt: after } }),
    },
    orderBy: { id: 'asc' },
    take: limit,
    select: columns,
  });
}

/** The run, if it has not ended. */
export async function findUnfinishedRun(db: Db, pipelineId: string): Promise<StoredRun | null> {
  return await db.pipeline.findFirst({
    where: { id: pipelineId, status: { in: ['pending', 'running'] } },
    select: columns,
  });
}
