import { changeIssueStatus } from '../../../domain/issue/change-issue-status.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import { issueBody, issueParams, issuesPath, writeIssues } from './issue-body.ts';

export const closeIssueRoute = defineRoute({
  method: 'post',
  path: `${issuesPath}/{number}/close`,
  tag: 'issues',
  operationId: 'closeIssue',
  summary: 'Close an issue',
  access: writeIssues,
  request: { params: issueParams },
  responses: jsonResponse('The issue', issueBody),
  handler: async (c) => {
    const change = { number: c.req.valid('param').number, status: 'closed' } as const;
    const { db } = c.get('services');
    return c.json(await changeIssueStatus(db, c.get('caller'), c.get('project').id, change), 200);
  },
});

export const reopenIssueRoute = defineRoute({
  method: 'post',
  path: `${issuesPath}/{number}/reopen`,
  tag: 'issues',
  operationId: 'reopenIssue',
  summary: 'Reopen an issue',
  access: writeIssues,
  request: { params: issueParams },
  responses: jsonResponse('The issue', issueBody),
  handler: async (c) => {
    const change = { number: c.req.valid('param').number, status: 'open' } as const;
    const { db } = c.get('services');
    return c.json(await changeIssueStatus(db, c.get('caller'), c.get('project').id, change), 200);
  },
});
