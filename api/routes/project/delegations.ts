import { z } from '@hono/zod-openapi';
import {
  listProjectDelegations,
  revokeProjectDelegation,
} from '../../../domain/identity/manage-delegations.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { delegationSchema, json, noContent } from '../identity/schemas.ts';
import { projectParams, projectPath } from './project-body.ts';

const path = `${projectPath}/delegations` as const;
const manage = { kind: 'permission', permission: 'project:delegate', project: 'path' } as const;

export const listProjectDelegationsRoute = defineRoute({
  method: 'get',
  path,
  tag: 'projects',
  operationId: 'listProjectDelegations',
  summary: 'What was delegated of the project, by whomever; `live=false` shows ended ones too',
  access: manage,
  request: {
    params: projectParams,
    query: z.strictObject({ ...pageQuery, live: z.enum(['true', 'false']).default('true') }),
  },
  responses: { 200: json('A page of delegations', pageOf(delegationSchema)) },
  handler: async (c) => {
    const { live, ...query } = c.req.valid('query');
    const { db } = c.get('services');
    const filter = { live: live === 'true' };
    const of = c.get('project').id;
    const page = await listProjectDelegations(db, of, pageRequest(query), filter);
    return c.json(pageAnswer(page), 200);
  },
});

export const revokeProjectDelegationRoute = defineRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tag: 'projects',
  operationId: 'revokeProjectDelegation',
  summary: 'Take back at once what anybody delegated of the project',
  access: manage,
  request: { params: projectParams.extend({ id: z.string().max(64) }) },
  responses: noContent,
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await revokeProjectDelegation(c.get('services').db, c.get('caller'), c.get('project').id, id);
    return c.body(null, 204);
  },
});
