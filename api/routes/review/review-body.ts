import { z } from '@hono/zod-openapi';
import {
  diffSides,
  mergeRequestStatuses,
  mergeStyles,
  reviewVerdicts,
  ruleStates,
} from '../../../contracts/review/types.ts';
import { pageOf, pageQuery } from '../../page.ts';
import { diffBody } from '../git/browse-schemas.ts';
import { commentBody, markdownField, titleField, userNameBody } from '../issue/issue-body.ts';

export const mergeRequestsPath = '/api/v1/projects/{owner}/{project}/merge-requests';
export const mergeRequestPath = `${mergeRequestsPath}/{number}` as const;
export const mergeRequestParams = z.object({
  owner: z.string(),
  project: z.string(),
  number: z.coerce.number().int().min(1).max(2_147_483_647),
});
export const writeAccess = {
  kind: 'permission',
  permission: 'project:write',
  project: 'path',
} as const;

const style = z.enum(mergeStyles);
const sha = z.string().regex(/^[0-9a-f]{40}$/, 'a whole commit id');
const branch = z.string().min(1).max(255);

export const mergeRequestBody = z
  .object({
    id: z.string(),
    number: z.int(),
    title: z.string(),
    draft: z.boolean().describe('The title begins with "Draft:", "[WIP]" or the like'),
    body: z.string().nullable(),
    status: z.enum(mergeRequestStatuses),
    author: userNameBody,
    sourceBranch: z.string(),
    targetBranch: z.string(),
    headSha: z.string(),
    baseSha: z.string().nullable(),
    changeId: z.string(),
    sourceDeleted: z.boolean(),
    mergedBy: userNameBody.nullable(),
    mergedAt: z.iso.datetime().nullable(),
    mergeSha: z.string().nullable(),
    mergeStyle: style.nullable(),
    autoMerge: z
      .object({ style, by: userNameBody.nullable(), deleteSource: z.boolean() })
      .nullable(),
    commentCount: z.int(),
    reviewCount: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('MergeRequest');

export const mergeRequestDetailBody = mergeRequestBody
  .extend({
    styles: z.object({ allowed: z.array(style), preferred: style.nullable() }),
    unresolvedThreads: z.int(),
    permissions: z.object({
      write: z.boolean(),
      comment: z.boolean(),
      approve: z.boolean(),
      merge: z.boolean(),
    }),
  })
  .openapi('MergeRequestDetail');

export const mergeRequestPage = pageOf(mergeRequestBody).extend({
  counts: z.object({ open: z.int(), merged: z.int(), closed: z.int() }),
});

export const createMergeRequestBody = z.strictObject({
  title: titleField,
  draft: z.boolean().optional().describe('Marks the title as a draft, or takes the mark away'),
  body: markdownField.nullable().optional(),
  sourceBranch: branch,
  targetBranch: branch.optional().describe('The default branch when left out'),
});

export const updateMergeRequestBody = z.strictObject({
  title: titleField.optional(),
  draft: z
    .boolean()
    .optional()
    .describe('true marks the title as a draft, false takes the mark away: it is ready'),
  body: markdownField.nullable().optional(),
  targetBranch: branch.optional(),
});

export const listMergeRequestsQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(mergeRequestStatuses).optional(),
  author: z.string().min(1).max(100).optional().describe('Id or name'),
  sourceBranch: branch.optional(),
  targetBranch: branch.optional(),
  q: z.string().max(200).optional().describe('Part of the title or body, or a number'),
});

export const mergeabilityQuery = z.strictObject({
  style: style.optional().describe('The preferred one when left out'),
});

export const mergeabilityBody = z
  .object({
    mergeable: z.boolean(),
    style: style.nullable(),
    allowedStyles: z.array(style),
    headSha: z.string(),
    targetSha: z.string().nullable(),
    rules: z.array(
      z.object({
        rule: z.string(),
        state: z.enum(ruleStates),
        detail: z.string(),
        missing: z.array(z.string()),
      }),
    ),
  })
  .openapi('Mergeability');

export const mergeBody = z.strictObject({
  style: style.optional(),
  message: z
    .string()
    .min(1)
    .max(20_000)
    .optional()
    .describe('Message of the merge or squashed commit; the platform writes one when left out'),
  deleteSource: z.boolean().optional(),
  headSha: sha.optional().describe('The head that you looked at; another one is refused'),
});

export const autoMergeBody = z.strictObject({
  style: style.optional(),
  deleteSource: z.boolean().optional(),
  headSha: sha.optional().describe('The head that you looked at; another one is refused'),
});

export const mergeRequestDiffBody = z.object({
  base: z.string().nullable(),
  head: z.string(),
  diff: diffBody,
});

const line = { path: z.string().min(1).max(4096), side: z.enum(diffSides), line: z.int().min(1) };

export const threadCommentBody = commentBody
  .extend({
    threadId: z.string().nullable(),
    reviewId: z.string().nullable(),
    position: z
      .object({ commitSha: z.string(), path: z.string(), side: z.enum(diffSides), line: z.int() })
      .nullable(),
    current: z
      .object({ path: z.string().nullable(), line: z.int().nullable(), outdated: z.boolean() })
      .nullable(),
    resolved: z.object({ at: z.iso.datetime(), by: userNameBody.nullable() }).nullable(),
  })
  .openapi('ThreadComment');

export const createThreadCommentBody = z.strictObject({
  body: markdownField.min(1),
  replyTo: z.string().max(64).optional().describe('Any comment of the thread to answer in'),
  position: z.strictObject({ commitSha: sha.optional(), ...line }).optional(),
});

export const reviewBody = z
  .object({
    id: z.string(),
    verdict: z.enum(reviewVerdicts),
    body: z.string().nullable(),
    reviewer: userNameBody,
    commitSha: z.string(),
    targetBranch: z.string(),
    stale: z.boolean().describe('Given for another head or another target: it does not count'),
    commentCount: z.int(),
    createdAt: z.iso.datetime(),
  })
  .openapi('Review');

export const createReviewBody = z.strictObject({
  verdict: z.enum(reviewVerdicts),
  body: markdownField.nullable().optional(),
  commitSha: sha.optional().describe('The head that you looked at; the current one when left out'),
  targetBranch: branch
    .optional()
    .describe('The target that you looked at it for; the current one when left out'),
  comments: z
    .array(z.strictObject({ body: markdownField.min(1), position: z.strictObject(line) }))
    .max(100)
    .optional(),
});
