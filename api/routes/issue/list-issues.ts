import { listIssues } from '../../../domain/issue/list-issues.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageRequest } from '../../page.ts';
import { jsonResponse, projectParams } from '../git/browse-schemas.ts';
import { issuePage, issuesPath, listIssuesQuery, readIssues } from './issue-body.ts';

export const listIssuesRoute = defineRoute({
  method: 'get',
  path: issuesPath,
  tag: 'issues',
  operationId: 'listIssues',
  summary: 'Issues of a project, newest first',
  access: readIssues,
  request: { params: projectParams, query: listIssuesQuery },
  responses: jsonResponse('A page of issues, and how many are open and closed', issuePage),
  handler: async (c) => {
    const { label, unlabelled, status, assignee, author, q, ...query } = c.req.valid('query');
    const labels = label === undefined ? [] : [label].flat();
    const filter = { labels, unlabelled: unlabelled === 'true', status, assignee, author, q };
    const { db } = c.get('services');
    const page = await listIssues(db, c.get('project').id, filter, pageRequest(query));
    return c.json({ ...pageAnswer(page), counts: page.counts }, 200);
  },
});
