import { z } from '@hono/zod-openapi';
import { findMergeRequest } from '../../../domain/review/merge-request-record.ts';
import { refreshMergeRequest } from '../../../domain/review/refresh-merge-request.ts';
import { listReviews, reviewMergeRequest } from '../../../domain/review/review-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { jsonResponse, readAccess } from '../git/browse-schemas.ts';
import {
  createReviewBody,
  mergeRequestParams,
  mergeRequestPath,
  reviewBody,
  writeAccess,
} from './review-body.ts';

const path = `${mergeRequestPath}/reviews` as const;

export const listReviewsRoute = defineRoute({
  method: 'get',
  path,
  tag: 'merge requests',
  operationId: 'listReviews',
  summary: 'Reviews, oldest first; `stale` ones were given for an older head',
  access: readAccess,
  request: { params: mergeRequestParams, query: z.strictObject(pageQuery) },
  responses: jsonResponse('A page of reviews', pageOf(reviewBody)),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const project = c.get('project');
    const found = await findMergeRequest(db, project.id, c.req.valid('param').number);
    const row = await refreshMergeRequest(db, gitStore, project, found, { caller: null });
    const page = await listReviews(db, row, pageRequest(c.req.valid('query')));
    return c.json(pageAnswer(page), 200);
  },
});

export const reviewMergeRequestRoute = defineRoute({
  method: 'post',
  path,
  tag: 'merge requests',
  operationId: 'createReview',
  summary: 'Approve, ask for changes, or remark, on the head that you looked at',
  description: 'Nobody approves their own merge request, or the one that their own agent made.',
  access: writeAccess,
  request: {
    params: mergeRequestParams,
    body: { required: true, content: { 'application/json': { schema: createReviewBody } } },
  },
  responses: {
    201: { description: 'The review', content: { 'application/json': { schema: reviewBody } } },
  },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const input = { ...c.req.valid('json'), number: c.req.valid('param').number };
    const project = c.get('project');
    return c.json(await reviewMergeRequest(db, gitStore, c.get('caller'), project, input), 201);
  },
});
