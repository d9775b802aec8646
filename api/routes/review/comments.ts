import { z } from '@hono/zod-openapi';
import {
  commentMergeRequest,
  editMergeRequestComment,
  resolveThread,
} from '../../../domain/review/comment-merge-request.ts';
import { findMergeRequest } from '../../../domain/review/merge-request-record.ts';
import { refreshMergeRequest } from '../../../domain/review/refresh-merge-request.ts';
import { listThreadComments } from '../../../domain/review/thread-record.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { jsonResponse, readAccess } from '../git/browse-schemas.ts';
import { commentBody, commentText, writeIssues } from '../issue/issue-body.ts';
import {
  createThreadCommentBody,
  mergeRequestParams,
  mergeRequestPath,
  threadCommentBody,
} from './review-body.ts';

const path = `${mergeRequestPath}/comments` as const;
const commentParams = mergeRequestParams.extend({ id: z.string().max(64) });
const threadState = z.object({ threadId: z.string(), resolved: z.boolean() });

export const listMergeRequestCommentsRoute = defineRoute({
  method: 'get',
  path,
  tag: 'merge requests',
  operationId: 'listMergeRequestComments',
  summary: 'Comments, oldest first; those on lines with where the line is now',
  access: readAccess,
  request: { params: mergeRequestParams, query: z.strictObject(pageQuery) },
  responses: jsonResponse('A page of comments', pageOf(threadCommentBody)),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const project = c.get('project');
    const found = await findMergeRequest(db, project.id, c.req.valid('param').number);
    const row = await refreshMergeRequest(db, gitStore, project, found, { caller: null });
    const request = pageRequest(c.req.valid('query'));
    const page = await listThreadComments(db, gitStore, project, row, request);
    return c.json(pageAnswer(page), 200);
  },
});

export const commentMergeRequestRoute = defineRoute({
  method: 'post',
  path,
  tag: 'merge requests',
  operationId: 'createMergeRequestComment',
  summary: 'Comment on a merge request, on one of its lines, or in a thread',
  access: writeIssues,
  request: {
    params: mergeRequestParams,
    body: { required: true, content: { 'application/json': { schema: createThreadCommentBody } } },
  },
  responses: {
    201: {
      description: 'The comment',
      content: { 'application/json': { schema: threadCommentBody } },
    },
  },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const input = { ...c.req.valid('json'), number: c.req.valid('param').number };
    const project = c.get('project');
    return c.json(await commentMergeRequest(db, gitStore, c.get('caller'), project, input), 201);
  },
});

export const editMergeRequestCommentRoute = defineRoute({
  method: 'patch',
  path: `${path}/{id}`,
  tag: 'merge requests',
  operationId: 'updateMergeRequestComment',
  summary: 'Change your own comment',
  access: writeIssues,
  request: {
    params: commentParams,
    body: { required: true, content: { 'application/json': { schema: commentText } } },
  },
  responses: jsonResponse('The comment', commentBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number, id } = c.req.valid('param');
    const input = { ...c.req.valid('json'), number, commentId: id };
    return c.json(
      await editMergeRequestComment(db, c.get('caller'), c.get('project').id, input),
      200,
    );
  },
});

export const resolveThreadRoute = defineRoute({
  method: 'post',
  path: `${path}/{id}/resolve`,
  tag: 'merge requests',
  operationId: 'resolveMergeRequestThread',
  summary: 'Mark the thread of a comment as resolved',
  access: writeIssues,
  request: { params: commentParams },
  responses: jsonResponse('The thread', threadState),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number, id } = c.req.valid('param');
    const input = { number, commentId: id, resolved: true };
    return c.json(await resolveThread(db, c.get('caller'), c.get('project').id, input), 200);
  },
});

export const unresolveThreadRoute = defineRoute({
  method: 'post',
  path: `${path}/{id}/unresolve`,
  tag: 'merge requests',
  operationId: 'unresolveMergeRequestThread',
  summary: 'Open the resolved thread of a comment again',
  access: writeIssues,
  request: { params: commentParams },
  responses: jsonResponse('The thread', threadState),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number, id } = c.req.valid('param');
    const input = { number, commentId: id, resolved: false };
    return c.json(await resolveThread(db, c.get('caller'), c.get('project').id, input), 200);
  },
});
