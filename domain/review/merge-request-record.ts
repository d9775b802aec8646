import type { MergeRequestStatus, MergeStyle } from '../../contracts/review/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { Prisma, type MergeRequest } from '../../prisma/generated/client.ts';
import {
  readUserNames,
  toUserName,
  userNameFields,
  type UserName,
} from '../identity/user-names.ts';
import type { Db } from '../shared/db.ts';
import { isDraft } from './draft-title.ts';

/** The columns of one that does not merge itself. */
export const noAutoMerge = {
  autoMergeStyle: null,
  autoMergeBy: null,
  autoMergeLimits: Prisma.DbNull,
  autoMergeDeleteSource: false,
  autoMergeDueAt: null,
};

export const mergeRequestParts = {
  author: { select: userNameFields },
  merger: { select: userNameFields },
  _count: { select: { comments: true, reviews: true } },
} as const satisfies Prisma.MergeRequestInclude;

export type MergeRequestWithParts = Prisma.MergeRequestGetPayload<{
  include: typeof mergeRequestParts;
}>;

export interface MergeRequestRecord {
  id: string;
  number: number;
  title: string;
  /** the title says that it is not meant to be merged yet */
  draft: boolean;
  /** Markdown as it was written */
  body: string | null;
  status: MergeRequestStatus;
  author: UserName;
  sourceBranch: string;
  targetBranch: string;
  headSha: string;
  baseSha: string | null;
  changeId: string;
  /** the source branch is gone; its last commit is kept */
  sourceDeleted: boolean;
  mergedBy: UserName | null;
  mergedAt: string | null;
  mergeSha: string | null;
  mergeStyle: MergeStyle | null;
  autoMerge: { style: MergeStyle; by: UserName | null; deleteSource: boolean } | null;
  commentCount: number;
  reviewCount: number;
  createdAt: string;
  updatedAt: string;
}

function autoMergeOf(
  row: MergeRequestWithParts,
  users: ReadonlyMap<string, UserName>,
): MergeRequestRecord['autoMerge'] {
  if (row.autoMergeStyle === null) return null;
  return {
    style: row.autoMergeStyle as MergeStyle,
    by: users.get(row.autoMergeBy ?? '') ?? null,
    deleteSource: row.autoMergeDeleteSource,
  };
}

function toRecord(
  row: MergeRequestWithParts,
  users: ReadonlyMap<string, UserName>,
): MergeRequestRecord {
  return {
    id: row.id,
    number: row.number,
    title: row.title,
    draft: isDraft(row.title),
    body: row.body,
    status: row.status as MergeRequestStatus,
    author: toUserName(row.author),
    sourceBranch: row.sourceBranch,
    targetBranch: row.targetBranch,
    headSha: row.headSha,
    baseSha: row.baseSha,
    changeId: row.changeId,
    sourceDeleted: row.sourceDeleted,
    mergedBy: row.merger === null ? null : toUserName(row.merger),
    mergedAt: row.mergedAt?.toISOString() ?? null,
    mergeSha: row.mergeSha,
    mergeStyle: row.mergeStyle as MergeStyle | null,
    autoMerge: autoMergeOf(row, users),
    commentCount: row._count.comments,
    reviewCount: row._count.reviews,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** Rows as the API shows them. */
export async function toMergeRequestRecords(
  db: Db,
  rows: readonly MergeRequestWithParts[],
): Promise<MergeRequestRecord[]> {
  const users = await readUserNames(
    db,
    rows.map((row) => row.autoMergeBy),
  );
  return rows.map((row) => toRecord(row, users));
}

/** The record of a merge request that is there. */
export async function readMergeRequest(db: Db, id: string): Promise<MergeRequestRecord> {
  const row = await db.mergeRequest.findUniqueOrThrow({
    where: { id },
    include: mergeRequestParts,
  });
  const users = await readUserNames(db, [row.autoMergeBy]);
  return toRecord(row, users);
}

/** The row of a merge request by its number. @throws DomainError `not_found` */
export async function findMergeRequest(
  db: Db,
  projectId: string,
  number: number,
): Promise<MergeRequest> {
  const row = await db.mergeRequest.findUnique({
    where: { projectId_number: { projectId, number } },
  });
  if (row === null) throw new DomainError('not_found', 'There is no such merge request.');
  return row;
}

/** Full name of a branch. */
export function branchRef(branch: string): string {
  return `refs/heads/${branch}`;
}
