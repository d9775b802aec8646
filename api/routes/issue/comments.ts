import { z } from '@hono/zod-openapi';
import { commentIssue, editIssueComment } from '../../../domain/issue/comment-issue.ts';
import { listIssueComments } from '../../../domain/issue/comment-record.ts';
import { findIssue } from '../../../domain/issue/issue-record.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import {
  commentBody,
  commentText,
  issueParams,
  issuesPath,
  readIssues,
  writeIssues,
} from './issue-body.ts';

const path = `${issuesPath}/{number}/comments` as const;

export const listIssueCommentsRoute = defineRoute({
  method: 'get',
  path,
  tag: 'issues',
  operationId: 'listIssueComments',
  summary: 'Comments on an issue, oldest first',
  access: readIssues,
  request: { params: issueParams, query: z.strictObject(pageQuery) },
  responses: jsonResponse('A page of comments', pageOf(commentBody)),
  handler: async (c) => {
    const { db } = c.get('services');
    const issue = await findIssue(db, c.get('project').id, c.req.valid('param').number);
    const page = await listIssueComments(db, issue.id, pageRequest(c.req.valid('query')));
    return c.json(pageAnswer(page), 200);
  },
});

export const commentIssueRoute = defineRoute({
  method: 'post',
  path,
  tag: 'issues',
  operationId: 'createIssueComment',
  summary: 'Comment on an issue',
  access: writeIssues,
  request: {
    params: issueParams,
    body: { required: true, content: { 'application/json': { schema: commentText } } },
  },
  responses: {
    201: { description: 'The comment', content: { 'application/json': { schema: commentBody } } },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const input = { ...c.req.valid('json'), number: c.req.valid('param').number };
    return c.json(await commentIssue(db, c.get('caller'), c.get('project').id, input), 201);
  },
});

export const editIssueCommentRoute = defineRoute({
  method: 'patch',
  path: `${path}/{id}`,
  tag: 'issues',
  operationId: 'updateIssueComment',
  summary: 'Change your own comment on an issue',
  access: writeIssues,
  request: {
    params: issueParams.extend({ id: z.string().max(64) }),
    body: { required: true, content: { 'application/json': { schema: commentText } } },
  },
  responses: jsonResponse('The comment', commentBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number, id } = c.req.valid('param');
    const input = { ...c.req.valid('json'), number, commentId: id };
    return c.json(await editIssueComment(db, c.get('caller'), c.get('project').id, input), 200);
  },
});
