import { z } from '@hono/zod-openapi';
import { findMergeRequest } from '../../../domain/review/merge-request-record.ts';
import {
  readMergeRequestCommits,
  readMergeRequestDiff,
} from '../../../domain/review/read-changes.ts';
import { refreshMergeRequest } from '../../../domain/review/refresh-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { commitBody, jsonResponse, readAccess } from '../git/browse-schemas.ts';
import { mergeRequestDiffBody, mergeRequestParams, mergeRequestPath } from './review-body.ts';

export const getMergeRequestDiffRoute = defineRoute({
  method: 'get',
  path: `${mergeRequestPath}/diff`,
  tag: 'merge requests',
  operationId: 'getMergeRequestDiff',
  summary: 'What it changes: the patch from the merge base to its head, cut at 1 MiB',
  access: readAccess,
  request: { params: mergeRequestParams },
  responses: jsonResponse('The patch', mergeRequestDiffBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const project = c.get('project');
    const found = await findMergeRequest(db, project.id, c.req.valid('param').number);
    const row = await refreshMergeRequest(db, gitStore, project, found, { caller: null });
    return c.json(await readMergeRequestDiff(gitStore, project, row), 200);
  },
});

export const listMergeRequestCommitsRoute = defineRoute({
  method: 'get',
  path: `${mergeRequestPath}/commits`,
  tag: 'merge requests',
  operationId: 'listMergeRequestCommits',
  summary: 'Its commits, newest first',
  access: readAccess,
  request: {
    params: mergeRequestParams,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(50),
      cursor: z
        .string()
        .regex(/^\d{1,6}$/, 'a cursor of this list')
        .optional(),
    }),
  },
  responses: jsonResponse(
    'A page of commits',
    z.object({
      items: z.array(commitBody),
      total: z.int(),
      nextCursor: z.string().nullable(),
    }),
  ),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const project = c.get('project');
    const found = await findMergeRequest(db, project.id, c.req.valid('param').number);
    const row = await refreshMergeRequest(db, gitStore, project, found, { caller: null });
    const { limit, cursor } = c.req.valid('query');
    const skip = Number(cursor ?? 0);
    const page = await readMergeRequestCommits(gitStore, project, row, { skip, limit });
    const seen = skip + page.commits.length;
    const nextCursor = seen < page.total ? String(seen) : null;
    return c.json({ items: page.commits, total: page.total, nextCursor }, 200);
  },
});
