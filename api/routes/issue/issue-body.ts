import { z } from '@hono/zod-openapi';
import { issueStatuses } from '../../../contracts/issue/types.ts';
import { pageOf, pageQuery } from '../../page.ts';

export const issuesPath = '/api/v1/projects/{owner}/{project}/issues';
export const issueParams = z.object({
  owner: z.string(),
  project: z.string(),
  number: z.coerce.number().int().min(1).max(2_147_483_647),
});
export const readIssues = {
  kind: 'permission',
  permission: 'issue:read',
  project: 'path',
} as const;
export const writeIssues = {
  kind: 'permission',
  permission: 'issue:write',
  project: 'path',
} as const;

export const userNameBody = z
  .object({ id: z.string(), name: z.string(), displayName: z.string().nullable() })
  .openapi('UserName');

export const issueBody = z
  .object({
    id: z.string(),
    number: z.int(),
    title: z.string(),
    body: z.string().nullable(),
    status: z.enum(issueStatuses),
    labels: z.array(z.string()),
    author: userNameBody,
    assignee: userNameBody.nullable(),
    commentCount: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Issue');

export const issueDetailBody = issueBody
  .extend({ permissions: z.object({ write: z.boolean() }) })
  .openapi('IssueDetail');

export const issuePage = pageOf(issueBody).extend({
  counts: z.object({ open: z.int(), closed: z.int() }),
});

export const commentBody = z
  .object({
    id: z.string(),
    body: z.string(),
    author: userNameBody,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Comment');

export const titleField = z.string().trim().min(1).max(300);
/** Markdown, kept as it is written. */
export const markdownField = z.string().max(100_000);
export const commentText = z.strictObject({ body: markdownField.min(1) });

const label = z.string().trim().min(1).max(50);
const user = z.string().min(1).max(100);

export const createIssueBody = z.strictObject({
  title: titleField,
  body: markdownField.nullable().optional(),
  labels: z.array(label).max(30).optional(),
  assignee: user.nullable().optional().describe('Id or name of a user who may see the project'),
});

export const updateIssueBody = createIssueBody.partial();

export const listIssuesQuery = z.strictObject({
  ...pageQuery,
  status: z.enum(issueStatuses).optional(),
  label: z
    .union([label, z.array(label).max(10)])
    .optional()
    .describe('Given several times, issues that have all of them'),
  unlabelled: z.literal('true').optional().describe('Only issues without any label'),
  assignee: user.optional().describe('Id or name; `none` for issues that nobody works on'),
  author: user.optional(),
  q: z.string().max(200).optional().describe('Part of the title or body, or a number'),
});
