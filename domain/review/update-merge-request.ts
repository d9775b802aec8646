import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeRequest, PrismaClient, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { repoPathOf } from '../git/read-repository.ts';
import { inTransaction } from '../shared/tx.ts';
import { announceMergeRequest } from './announce-merge-request.ts';
import {
  branchRef,
  findMergeRequest,
  readMergeRequest,
  type MergeRequestRecord,
} from './merge-request-record.ts';

export interface UpdateMergeRequestInput {
  title?: string | undefined;
  body?: string | null | undefined;
  targetBranch?: string | undefined;
}

type Git = Pick<GitStore, 'resolveCommit' | 'mergeBase'>;

/** Where the merge request parts from another target. An automatic merge was asked for with the old one. */
async function retarget(git: Git, project: Project, row: MergeRequest, targetBranch: string) {
  const refuse = (detail: string): DomainError =>
    new DomainError('unprocessable', detail, { errors: [{ pointer: '#/targetBranch', detail }] });
  if (row.status !== 'open') throw refuse('Only an open merge request can get another target.');
  if (targetBranch === row.sourceBranch) throw refuse('Source and target are the same branch.');
  const repoPath = repoPathOf(project);
  const target = await git.resolveCommit(repoPath, branchRef(targetBranch));
  if (target === null) throw refuse('There is no such branch.');
  const baseSha = await git.mergeBase(repoPath, target, row.headSha);
  return { targetBranch, baseSha, autoMergeStyle: null, autoMergeBy: null };
}

/** Changes title, body or target; access (project:write) was checked by the route. */
export async function updateMergeRequest(
  db: PrismaClient,
  git: Git,
  caller: Caller,
  project: Project,
  number: number,
  input: UpdateMergeRequestInput,
): Promise<MergeRequestRecord> {
  const before = await findMergeRequest(db, project.id, number);
  const { title, body, targetBranch } = input;
  const data = {
    ...(title === undefined ? {} : { title }),
    ...(body === undefined ? {} : { body }),
    ...(targetBranch === undefined || targetBranch === before.targetBranch
      ? {}
      : await retarget(git, project, before, targetBranch)),
  };
  const changed = Object.keys(input).filter((key) => key in data);
  return inTransaction(db, async (tx) => {
    const row = await tx.mergeRequest.update({ where: { id: before.id }, data });
    await announceMergeRequest(tx, { caller }, row, {
      type: 'mr.updated',
      did: 'changed',
      payload: { changed },
    });
    const record = await readMergeRequest(tx, row.id);
    await writeAudit(tx, caller, {
      action: 'mr.updated',
      resource: 'merge_request',
      resourceId: row.id,
      projectId: project.id,
      detail: { number, changed },
    });
    return record;
  });
}
