import { getIssue } from '../../../domain/issue/get-issue.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import { issueDetailBody, issueParams, issuesPath, readIssues } from './issue-body.ts';

export const getIssueRoute = defineRoute({
  method: 'get',
  path: `${issuesPath}/{number}`,
  tag: 'issues',
  operationId: 'getIssue',
  summary: 'An issue',
  access: readIssues,
  record: { table: 'issues' },
  request: { params: issueParams },
  responses: jsonResponse('The issue', issueDetailBody),
  handler: async (c) => {
    const { number } = c.req.valid('param');
    const { db } = c.get('services');
    return c.json(await getIssue(db, c.get('caller'), c.get('project').id, number), 200);
  },
});
