import { z } from '@hono/zod-openapi';
import { maxEgressRules } from '../../../contracts/pipeline/egress.ts';
import { egressAllowOf } from '../../../domain/pipeline/step-egress.ts';
import { setEgressAllow } from '../../../domain/project/egress-allow.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, projectParams, readAccess } from '../git/browse-schemas.ts';

const path = '/api/v1/projects/{owner}/{project}/egress';
const body = z
  .strictObject({
    allow: z
      .array(z.string().min(1).max(300))
      .max(maxEgressRules)
      .nullable()
      .describe(
        'Lines such as `registry.example.org`, `*.example.org:443`, `198.51.100.0/24:22`; null: everything that is ' +
          'not closed to all steps; an empty list: nothing',
      ),
  })
  .openapi('EgressAllow');

export const getEgressAllowRoute = defineRoute({
  method: 'get',
  path,
  tag: 'projects',
  operationId: 'getProjectEgress',
  summary: 'What steps of the project may reach over the network',
  access: readAccess,
  record: { table: 'projects', id: (c) => c.get('project').id },
  request: { params: projectParams },
  responses: jsonResponse('The list', body),
  handler: async (c) =>
    c.json({ allow: await egressAllowOf(c.get('services').db, c.get('project').id) }, 200),
});

export const setEgressAllowRoute = defineRoute({
  method: 'put',
  path,
  tag: 'projects',
  operationId: 'setProjectEgress',
  summary: 'Say what steps of the project may reach over the network',
  // Whoever may only push must not be able to open what is closed.
  access: { kind: 'permission', permission: 'project:delegate', project: 'path' },
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: body } } },
  },
  responses: jsonResponse('The list', body),
  handler: async (c) => {
    const { db } = c.get('services');
    const { allow } = c.req.valid('json');
    const lines = await setEgressAllow(db, c.get('caller'), c.get('project').id, allow);
    return c.json({ allow: lines }, 200);
  },
});
