import { updateMergeRequest } from '../../../domain/review/update-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import {
  mergeRequestBody,
  mergeRequestParams,
  mergeRequestPath,
  updateMergeRequestBody,
  writeAccess,
} from './review-body.ts';

export const updateMergeRequestRoute = defineRoute({
  method: 'patch',
  path: mergeRequestPath,
  tag: 'merge requests',
  operationId: 'updateMergeRequest',
  summary: 'Change title, body or target branch, or mark it as a draft or as ready',
  access: writeAccess,
  request: {
    params: mergeRequestParams,
    body: { required: true, content: { 'application/json': { schema: updateMergeRequestBody } } },
  },
  responses: jsonResponse('The merge request', mergeRequestBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const input = c.req.valid('json');
    const project = c.get('project');
    const record = await updateMergeRequest(db, gitStore, c.get('caller'), project, number, input);
    return c.json(record, 200);
  },
});
