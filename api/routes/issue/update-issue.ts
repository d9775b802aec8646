import { updateIssue } from '../../../domain/issue/update-issue.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import { issueBody, issueParams, issuesPath, updateIssueBody, writeIssues } from './issue-body.ts';

export const updateIssueRoute = defineRoute({
  method: 'patch',
  path: `${issuesPath}/{number}`,
  tag: 'issues',
  operationId: 'updateIssue',
  summary: 'Change title, body, labels or assignee of an issue',
  access: writeIssues,
  request: {
    params: issueParams,
    body: { required: true, content: { 'application/json': { schema: updateIssueBody } } },
  },
  responses: jsonResponse('The issue', issueBody),
  handler: async (c) => {
    const { number } = c.req.valid('param');
    const { db } = c.get('services');
    const input = c.req.valid('json');
    return c.json(await updateIssue(db, c.get('caller'), c.get('project').id, number, input), 200);
  },
});
