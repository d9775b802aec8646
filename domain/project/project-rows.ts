import { Prisma, type Project, type User } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** A project, and of its owner what names it. */
export type ProjectWithOwner = Project & { owner: Pick<User, 'id' | 'name' | 'displayName'> };

type Row = Project & { ownerName: string; ownerDisplayName: string | null };

const columns = Prisma.sql`p.id, p.owner_id AS "ownerId", p.name, p.display_name AS "displayName", p.description,
  p.visibility, p.default_branch AS "defaultBranch", p.repo_path AS "repoPath", p.is_active AS "isActive",
  p.next_issue_number AS "nextIssueNumber", p.next_mr_number AS "nextMrNumber",
  p.next_pipeline_number AS "nextPipelineNumber", p.git_url AS "gitUrl", p.local_path AS "localPath",
  p.base_branch AS "baseBranch", p.ci_provider AS "ciProvider", p.project_classification AS "projectClassification",
  p.merge_styles AS "mergeStyles", p.default_merge_style AS "defaultMergeStyle", p.egress_allow AS "egressAllow",
  p.created_at AS "createdAt", p.updated_at AS "updatedAt", o.name AS "ownerName", o.display_name AS "ownerDisplayName"`;

/**
 * Projects `p` of owners `o` that meet a condition, with their owners: one statement, for most requests begin with it.
 * @param where over `p` and `o`, and what comes after it (`ORDER BY`, `LIMIT`)
 */
export async function readProjects(db: Db, where: Prisma.Sql): Promise<ProjectWithOwner[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM projects p JOIN users o ON o.id = p.owner_id WHERE ${where}`;
  return rows.map(({ ownerName: name, ownerDisplayName: displayName, ...project }) => ({
    ...project,
    owner: { id: project.ownerId, name, displayName },
  }));
}
