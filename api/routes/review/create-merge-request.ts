import { createMergeRequest } from '../../../domain/review/create-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { projectParams } from '../git/browse-schemas.ts';
import {
  createMergeRequestBody,
  mergeRequestBody,
  mergeRequestsPath,
  writeAccess,
} from './review-body.ts';

export const createMergeRequestRoute = defineRoute({
  method: 'post',
  path: mergeRequestsPath,
  tag: 'merge requests',
  operationId: 'createMergeRequest',
  summary: 'Open a merge request from a branch',
  access: writeAccess,
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: createMergeRequestBody } } },
  },
  responses: {
    201: {
      description: 'The merge request',
      content: { 'application/json': { schema: mergeRequestBody } },
    },
  },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const input = c.req.valid('json');
    const made = await createMergeRequest(db, gitStore, c.get('caller'), c.get('project'), input);
    return c.json(made, 201);
  },
});
