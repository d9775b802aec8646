import type { Pipeline, Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { prepared } from '../shared/prepared.ts';

/** What preparing a run and running its steps need to know of it, read once by each. */
export type RunAtWork = Pick<
  Pipeline,
  | 'id'
  | 'projectId'
  | 'number'
  | 'changeId'
  | 'trigger'
  | 'gitRef'
  | 'commitSha'
  | 'status'
  | 'triggeredBy'
  | 'triggeredLimits'
  | 'dedupeKey'
  | 'targetBranch'
  | 'targetBaseSha'
> & {
  /** the plan, once it runs */
  definition: Prisma.JsonValue | null;
  projectName: string;
  /** `owner/name` */
  fullName: string;
  repoPath: string | null;
};

/** The run with what its project is called; null when it is gone. One statement, because people wait for it. */
export async function readRun(db: Db, pipelineId: string): Promise<RunAtWork | null> {
  const [run] = await db.$queryRaw<RunAtWork[]>`
    ${prepared} SELECT p.id, p.project_id AS "projectId", p.number, p.change_id AS "changeId", p.trigger, p.git_ref AS "gitRef",
           p.commit_sha AS "commitSha", p.status, p.triggered_by AS "triggeredBy",
           p.triggered_limits AS "triggeredLimits", p.dedupe_key AS "dedupeKey",
           p.target_branch AS "targetBranch", p.target_base_sha AS "targetBaseSha", p.definition,
           j.name AS "projectName", o.name || '/' || j.name AS "fullName", j.repo_path AS "repoPath"
    FROM pipelines p JOIN projects j ON j.id = p.project_id JOIN users o ON o.id = j.owner_id
    WHERE p.id = ${pipelineId}`;
  return run ?? null;
}
