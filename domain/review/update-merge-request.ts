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
  git: Git,
  project: Project,
  row: MergeRequest,
  targetBranch: string,
) {
  const refuse = (detail: string): DomainError =>
    new DomainError('unprocessable', detail, { errors: [{ pointer: '#/targetBranch', detail }] });
  const { sourceBranch, headSha } = row;
  if (row.status !== 'open') throw refuse('Only an open merge request can get another target.');
  if (targetBranch === sourceBranch) throw refuse('Source and target are the same branch.');
  const repoPath = repoPathOf(project);
  const target = await git.resolveCommit(repoPath, branchRef(targetBranch));
  if (target === null) throw refuse('There is no such branch.');
  await refuseSecondOpen(tx, { projectId: project.id, sourceBranch, targetBranch });
  const baseSha = await git.mergeBase(repoPath, target, headSha);
  return {
    targetBranch,
    baseSha,
    ...noAutoMerge,
  };
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
  const { id } = await findMergeRequest(db, project.id, number);
  const { draft, body, targetBranch } = input;
  return inTransaction(db, async (tx) => {
    // A merge holds the row while it moves the branch: what is merged by now gets no other target.
    await tx.$queryRaw`SELECT id FROM merge_requests WHERE id = ${id} FOR UPDATE`;
    const before = await tx.mergeRequest.findUniqueOrThrow({ where: { id } });
    const title = titleAs(input.title ?? before.title, draft);
    const data = {
      ...(input.title === undefined && title === before.title ? {} : { title }),
      ...(body === undefined ? {} : { body }),
      ...(targetBranch === undefined || targetBranch === before.targetBranch
        ? {}
        : await retarget(tx, git, project, before, targetBranch)),
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
