import type { GitCommit, GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import { Prisma, type MergeRequest, type Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { closeIssuesIn } from '../issue/change-issue-status.ts';
import { closingReferences } from '../issue/closing-references.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { noAutoMerge } from './merge-request-record.ts';

export interface Merge {
  sha: string;
  /** null when somebody merged by hand and pushed */
  style: MergeStyle | null;
  baseSha: string | null;
  sourceDeleted: boolean;
  /** numbers of issues that it says it closes */
  closes: readonly number[];
}

const maxRead = 500;

/**
 * Issues that a merge request closes, by its title, its body and the messages of its commits: none unless it goes into
 * the default branch. What it says of them counts again when the branch it went into gets there.
 */
export async function closedBy(
  git: Pick<GitStore, 'commitsBetween'>,
  project: Project,
  mergeRequest: MergeRequest,
  baseSha: string | null,
): Promise<number[]> {
  if (mergeRequest.targetBranch !== project.defaultBranch) return [];
  const repoPath = repoPathOf(project);
  const range = { from: baseSha ?? '', to: mergeRequest.headSha, limit: maxRead };
  const commits: GitCommit[] = baseSha === null ? [] : await git.commitsBetween(repoPath, range);
  const texts = [mergeRequest.title, mergeRequest.body ?? ''];
  const messages = commits.map((commit) => `${commit.subject}\n${commit.body}`);
  return closingReferences([...texts, ...messages].join('\n'));
}

/**
 * Writes down that a merge request was merged: its row, `mr.merged`, the issues it closes. In the transaction of
 * whatever moved the branch; the audit row is the caller's.
 * @returns numbers of the issues that it closed
 */
export async function recordMerge(
  tx: Prisma.TransactionClient,
  caller: Caller,
  mergeRequest: MergeRequest,
  merge: Merge,
): Promise<number[]> {
  const { sha, style, baseSha, sourceDeleted, closes } = merge;
  const row = await tx.mergeRequest.update({
    where: { id: mergeRequest.id },
    data: {
      status: 'merged',
      mergedBy: caller.principal.userId,
      mergedAt: new Date(),
      mergeSha: sha,
      mergeStyle: style,
      baseSha,
      sourceDeleted: sourceDeleted || mergeRequest.sourceDeleted,
      mergeIntent: Prisma.DbNull,
      ...noAutoMerge,
    },
  });
  const by = { mergeRequest: row.number };
  const closedIssues = await closeIssuesIn(tx, caller, row.projectId, closes, by);
  await announceMergeRequest(tx, { caller }, row, {
    type: 'mr.merged',
    did: 'merged',
    payload: {
      mergeSha: sha,
      style: style ?? 'push',
      closedIssues,
      sourceDeleted: row.sourceDeleted,
    },
  });
  return closedIssues;
}
