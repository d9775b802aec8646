import { z } from '@hono/zod-openapi';
import { createBinding } from '../../../domain/identity/manage-bindings.ts';
import { defineRoute } from '../../define-route.ts';
import { bindingSchema, json, jsonBody, reference } from '../identity/schemas.ts';

export const createBindingRoute = defineRoute({
  method: 'post',
  path: '/api/v1/role-bindings',
  tag: 'roles',
  operationId: 'createRoleBinding',
  summary: 'Give a user a role, everywhere or on one project',
  description: 'Nobody gives what they do not hold there.',
  access: { kind: 'authenticated' },
  request: {
    body: jsonBody(
      z.strictObject({
        user: reference,
        role: reference,
        projectId: reference.nullable().optional(),
      }),
    ),
  },
  responses: { 201: json('Given', bindingSchema) },
  handler: async (c) =>
    c.json(await createBinding(c.get('services').db, c.get('caller'), c.req.valid('json')), 201),
});
