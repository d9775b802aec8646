import { createIssue } from '../../../domain/issue/create-issue.ts';
import { defineRoute } from '../../define-route.ts';
import { projectParams } from '../git/browse-schemas.ts';
import { createIssueBody, issueBody, issuesPath, writeIssues } from './issue-body.ts';

export const createIssueRoute = defineRoute({
  method: 'post',
  path: issuesPath,
  tag: 'issues',
  operationId: 'createIssue',
  summary: 'Open an issue',
  access: writeIssues,
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: createIssueBody } } },
  },
  responses: {
    201: { description: 'The issue', content: { 'application/json': { schema: issueBody } } },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const input = c.req.valid('json');
    return c.json(await createIssue(db, c.get('caller'), c.get('project').id, input), 201);
  },
});
