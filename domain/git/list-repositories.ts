import type { Db } from '../shared/db.ts';

/** Ids of the next 100 projects that have a repository. */
export async function listRepositories(
  db: Db,
  after: string | null,
): Promise<{ projectIds: string[] }> {
  const rows = await db.project.findMany({
    where: { repoPath: { not: null }, ...(after === null ? {} : { id: { gt: after } }) },
    select: { id: true },
    orderBy: { id: 'asc' },
    take: 100,
  });
  return { projectIds: rows.map((row) => row.id) };
}
