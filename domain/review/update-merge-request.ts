import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest, Prisma, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import { refuseSecondOpen } from './create-merge-request.ts';
import { titleAs } from './draft-title.ts';
import {
  branchRef,
  findMergeRequest,
  noAutoMerge,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';

export interface UpdateMergeRequestInput {
  title?: string | undefined;
  /** true marks it as a draft, false as ready: by its title, the one that is given or the one it has */
  draft?: boolean | undefined;
  body?: string | null | undefined;
  targetBranch?: string | undefined;
}

type Git = Pick<GitStore, 'resolveCommit' | 'mergeBase'>;

/**
 * Where the merge request parts from another target. Approvals for the old one do not count any more, and an automatic
 * merge was asked for with the old one.
 */
async function retarget(
  tx: Prisma.TransactionClient,
  project: Project,
  row: MergeRequest,
  { targetBranch, headSha, baseSha, isThere }: NewTarget,
) {
  const refuse = (detail: string): DomainError =>
    new DomainError('unprocessable', detail, { errors: [{ pointer: '#/targetBranch', detail }] });
  const { sourceBranch } = row;
  if (row.status !== 'open') throw refuse('Only an open merge request can get another target.');
  if (targetBranch === sourceBranch) throw refuse('Source and target are the same branch.');
  if (!isThere) throw refuse('There is no such branch.');
  if (row.headSha !== headSha) throw new DomainError('conflict', 'It was pushed to just now.');
  await refuseSecondOpen(tx, { projectId: project.id, sourceBranch, targetBranch });
  return {
    targetBranch,
    baseSha,
    ...noAutoMerge,
  };
}

/** What the repository says of another target. */
interface NewTarget {
  targetBranch: string;
  headSha: string;
  baseSha: string | null;
  isThere: boolean;
}

/** Asked before anything is written: every event of everybody waits for a transaction that has written. */
async function lookUpTarget(
  git: Git,
  project: Project,
  { headSha }: Pick<MergeRequest, 'headSha'>,
  targetBranch: string,
): Promise<NewTarget> {
  const repoPath = repoPathOf(project);
  const target = await git.resolveCommit(repoPath, branchRef(targetBranch));
  const baseSha = target === null ? null : await git.mergeBase(repoPath, target, headSha);
  return { targetBranch, headSha, baseSha, isThere: target !== null };
}

/** Changes title, body, target, or whether it is a draft; access (project:write) was checked by the route. */
export async function updateMergeRequest(
  db: PrismaClient,
  git: Git,
  caller: Caller,
  project: Project,
  number: number,
  input: UpdateMergeRequestInput,
): Promise<MergeRequestRecord> {
  const found = await findMergeRequest(db, project.id, number);
  const { id } = found;
  const { draft, body, targetBranch } = input;
  const place =
    targetBranch === undefined || targetBranch === found.targetBranch
      ? null
      : await lookUpTarget(git, project, found, targetBranch);
  return inTransaction(db, async (tx) => {
    // A merge holds the row while it moves the branch: what is merged by now gets no other target.
    await tx.$queryRaw`SELECT id FROM merge_requests WHERE id = ${id} FOR UPDATE`;
    const before = await tx.mergeRequest.findUniqueOrThrow({ where: { id } });
    const title = titleAs(input.title ?? before.title, draft);
    const data = {
      ...(input.title === undefined && title === before.title ? {} : { title }),
      ...(body === undefined ? {} : { body }),
      ...(place === null ? {} : await retarget(tx, project, before, place)),
    };
    const changed = ['title', 'body', 'targetBranch'].filter((key) => key in data);
    const row = await tx.mergeRequest.update({ where: { id }, data });
    const autoMergeCancelled = before.autoMergeStyle !== null && row.autoMergeStyle === null;
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.updated',
      did: 'changed',
      payload: { changed, autoMergeCancelled },
    });
    const record = await readMergeRequest(tx, id);
    await writeAudit(tx, caller, {
      action: 'mr.updated',
      resource: 'merge_request',
      resourceId: id,
      projectId: project.id,
      detail: { number, changed },
    });
    return record;
  });
}
