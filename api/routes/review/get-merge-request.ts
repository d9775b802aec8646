import { getMergeRequest } from '../../../domain/review/get-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, readAccess } from '../git/browse-schemas.ts';
import { mergeRequestDetailBody, mergeRequestParams, mergeRequestPath } from './review-body.ts';

export const getMergeRequestRoute = defineRoute({
  method: 'get',
  path: mergeRequestPath,
  tag: 'merge requests',
  operationId: 'getMergeRequest',
  summary: 'A merge request',
  access: readAccess,
  record: { table: 'merge_requests' },
  request: { params: mergeRequestParams },
  responses: jsonResponse('The merge request', mergeRequestDetailBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const project = c.get('project');
    return c.json(await getMergeRequest(db, gitStore, c.get('caller'), project, number), 200);
  },
});
