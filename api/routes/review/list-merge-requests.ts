import { listMergeRequests } from '../../../domain/review/list-merge-requests.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageRequest } from '../../page.ts';
import { jsonResponse, projectParams, readAccess } from '../git/browse-schemas.ts';
import { listMergeRequestsQuery, mergeRequestPage, mergeRequestsPath } from './review-body.ts';

export const listMergeRequestsRoute = defineRoute({
  method: 'get',
  path: mergeRequestsPath,
  tag: 'merge requests',
  operationId: 'listMergeRequests',
  summary: 'Merge requests of a project, newest first',
  access: readAccess,
  request: { params: projectParams, query: listMergeRequestsQuery },
  responses: jsonResponse(
    'A page of merge requests, and how many of each status',
    mergeRequestPage,
  ),
  handler: async (c) => {
    const { status, author, sourceBranch, targetBranch, q, ...query } = c.req.valid('query');
    const filter = { status, author, sourceBranch, targetBranch, q };
    const { db } = c.get('services');
    const page = await listMergeRequests(db, c.get('project').id, filter, pageRequest(query));
    return c.json({ ...pageAnswer(page), counts: page.counts }, 200);
  },
});
