import { cancelAutoMerge, enableAutoMerge } from '../../../domain/review/auto-merge.ts';
import { mergeMergeRequest } from '../../../domain/review/merge-merge-request.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import {
  autoMergeBody,
  mergeBody,
  mergeRequestBody,
  mergeRequestParams,
  mergeRequestPath,
  writeAccess,
} from './review-body.ts';

export const mergeMergeRequestRoute = defineRoute({
  method: 'post',
  path: `${mergeRequestPath}/merge`,
  tag: 'merge requests',
  operationId: 'mergeMergeRequest',
  summary: 'Merge into the target branch',
  description:
    '409 `merge_blocked` lists every rule that has not passed, as …/mergeability does, and every path that conflicts.',
  access: writeAccess,
  request: {
    params: mergeRequestParams,
    body: { required: true, content: { 'application/json': { schema: mergeBody } } },
  },
  responses: jsonResponse('It is merged', mergeRequestBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const deps = { db, git: gitStore };
    const input = c.req.valid('json');
    const project = c.get('project');
    return c.json(await mergeMergeRequest(deps, c.get('caller'), project, number, input), 200);
  },
});

export const enableAutoMergeRoute = defineRoute({
  method: 'post',
  path: `${mergeRequestPath}/auto-merge`,
  tag: 'merge requests',
  operationId: 'enableAutoMerge',
  summary: 'Let it merge itself, in your name, as soon as all rules pass; a push calls it off',
  access: writeAccess,
  request: {
    params: mergeRequestParams,
    body: { required: true, content: { 'application/json': { schema: autoMergeBody } } },
  },
  responses: jsonResponse('It waits for its rules', mergeRequestBody),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const { number } = c.req.valid('param');
    const deps = { db, git: gitStore };
    const input = c.req.valid('json');
    const project = c.get('project');
    return c.json(await enableAutoMerge(deps, c.get('caller'), project, number, input), 200);
  },
});

export const cancelAutoMergeRoute = defineRoute({
  method: 'delete',
  path: `${mergeRequestPath}/auto-merge`,
  tag: 'merge requests',
  operationId: 'disableAutoMerge',
  summary: 'Call the automatic merge off',
  access: writeAccess,
  request: { params: mergeRequestParams },
  responses: jsonResponse('It does not merge itself any more', mergeRequestBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { number } = c.req.valid('param');
    const caller = c.get('caller');
    const reason = `${caller.principal.userName} called it off.`;
    const project = c.get('project');
    return c.json(await cancelAutoMerge(db, caller, project.id, number, { reason }), 200);
  },
});
