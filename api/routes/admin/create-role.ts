import { z } from '@hono/zod-openapi';
import { createRole } from '../../../domain/identity/manage-roles.ts';
import { defineRoute } from '../../define-route.ts';
import { json, jsonBody, roleSchema } from '../identity/schemas.ts';
import { roleFields } from './role-body.ts';

export const createRoleRoute = defineRoute({
  method: 'post',
  path: '/api/v1/roles',
  tag: 'roles',
  operationId: 'createRole',
  summary: 'Make a role of permissions that you hold',
  access: { kind: 'permission', permission: 'admin:manage', project: 'global' },
  request: { body: jsonBody(z.strictObject(roleFields)) },
  responses: { 201: json('Made', roleSchema) },
  handler: async (c) =>
    c.json(await createRole(c.get('services').db, c.get('caller'), c.req.valid('json')), 201),
});
