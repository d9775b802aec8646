import {
  closeMergeRequest,
  reopenMergeRequest,
} from '../../../domain/review/change-merge-request-status.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import {
  mergeRequestBody,
  mergeRequestParams,
  mergeRequestPath,
  writeAccess,
} from './review-body.ts';

export const closeMergeRequestRoute = defineRoute({
  method: 'post',
  path: `${mergeRequestPath}/close`,
  tag: 'merge requests',
  operationId: 'closeMergeRequest',
  summary: 'Close a merge request without merging it',
  access: writeAccess,
  request: { params: mergeRequestParams },
  responses: jsonResponse('The merge request', mergeRequestBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number } = c.req.valid('param');
    return c.json(await closeMergeRequest(db, c.get('caller'), c.get('project').id, number), 200);
  },
});

export const reopenMergeRequestRoute = defineRoute({
  method: 'post',
  path: `${mergeRequestPath}/reopen`,
  tag: 'merge requests',
  operationId: 'reopenMergeRequest',
  summary: 'Open a closed merge request again',
  access: writeAccess,
  request: { params: mergeRequestParams },
  responses: jsonResponse('The merge request', mergeRequestBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const project = c.get('project');
    return c.json(await reopenMergeRequest(db, gitStore, c.get('caller'), project, number), 200);
  },
});
