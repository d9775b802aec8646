import { checkMergeability } from '../../../domain/review/check-mergeability.ts';
import { findMergeRequest } from '../../../domain/review/merge-request-record.ts';
import { refreshMergeRequest } from '../../../domain/review/refresh-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, readAccess } from '../git/browse-schemas.ts';
import {
  mergeabilityBody,
  mergeabilityQuery,
  mergeRequestParams,
  mergeRequestPath,
} from './review-body.ts';

export const getMergeabilityRoute = defineRoute({
  method: 'get',
  path: `${mergeRequestPath}/mergeability`,
  tag: 'merge requests',
  operationId: 'getMergeability',
  summary: 'Each rule of a merge: whether it has passed, and what is missing',
  access: readAccess,
  request: { params: mergeRequestParams, query: mergeabilityQuery },
  responses: jsonResponse('The rules', mergeabilityBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const project = c.get('project');
    const found = await findMergeRequest(db, project.id, number);
    const row = await refreshMergeRequest(db, gitStore, project, found, { caller: null });
    const { style } = c.req.valid('query');
    return c.json(await checkMergeability(db, gitStore, project, row, style), 200);
  },
});
