import { LRUCache } from 'lru-cache';
import type { MergeRequest, Project } from '../../prisma/generated/client.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { gatherFacts, type FactsGit, type MergeFacts } from './gather-facts.ts';
import { branchRef } from './merge-request-record.ts';

/** Facts by project, the two commits and what was asked; 8 MB at most. */
const known = new LRUCache<string, MergeFacts>({
  maxSize: 8 * 1024 * 1024,
  sizeCalculation: (facts) => JSON.stringify(facts).length,
});

/**
 * The same as `gatherFacts`, for whoever only looks: what a merge of one commit into another would be never changes, so it
 * is worked out once in this process. Not for a merge itself, whose tree must be there still.
 */
export async function recallFacts(
  git: FactsGit,
  project: Project,
  mergeRequest: Pick<MergeRequest, 'headSha' | 'targetBranch' | 'baseSha'>,
  options: { codeOwners: boolean; approvals: boolean },
): Promise<MergeFacts> {
  const repoPath = repoPathOf(project);
  const targetSha = await git.resolveCommit(repoPath, branchRef(mergeRequest.targetBranch));
  const { codeOwners, approvals } = options;
  const key = JSON.stringify([project.id, targetSha, mergeRequest.headSha, codeOwners, approvals]);
  const found = targetSha === null ? undefined : known.get(key);
  if (found !== undefined) return found;
  const facts = await gatherFacts(git, project, mergeRequest, options);
  // the target may have moved meanwhile
  if (targetSha !== null && facts.targetSha === targetSha) known.set(key, facts);
  return facts;
}
