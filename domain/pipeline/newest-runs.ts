import { Prisma } from '../../prisma/generated/client.ts';
import { inScope, type ProjectScope } from '../project/project-scope.ts';
import type { Db } from '../shared/db.ts';

export interface NewestRunsOptions {
  /** of each branch that there is, the newest run that passed or failed; of each project its newest run */
  of: 'branch' | 'project';
  /** projects that the caller may read */
  projects: ProjectScope;
  /** only those that are in this state; not the newest one in this state */
  status?: string | undefined;
  /** id of the last run of the page before */
  after: string | null;
  limit: number;
}

/**
 * Ids of runs, newest first: one a branch, or one a project, whatever else ran since. A branch that was deleted is
 * broken for nobody; a run that was cancelled says nothing of its branch. One statement, a step into an index for each
 * branch or project.
 */
export async function findNewestRuns(db: Db, options: NewestRunsOptions): Promise<string[]> {
  const { of, projects, status, after, limit } = options;
  const scope = inScope(projects);
  const newest =
    of === 'branch'
      ? Prisma.sql`
          git_refs AS place JOIN projects p ON p.id = place.project_id CROSS JOIN LATERAL (
            SELECT id, status FROM pipelines
            WHERE project_id = place.project_id AND git_ref = place.name AND status IN ('success', 'failure')
            ORDER BY id DESC LIMIT 1
          ) AS newest
          WHERE ${scope} AND starts_with(place.name, 'refs/heads/')`
      : Prisma.sql`
          projects p CROSS JOIN LATERAL (
            SELECT id, status FROM pipelines
            WHERE project_id = p.id ORDER BY number DESC LIMIT 1
          ) AS newest
          WHERE ${scope}`;
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT newest.id FROM ${newest}
      AND (${status ?? null}::text IS NULL OR newest.status = ${status ?? null})
      AND (${after}::text IS NULL OR newest.id < ${after})
    ORDER BY newest.id DESC LIMIT ${limit}`;
  return rows.map((row) => row.id);
}
