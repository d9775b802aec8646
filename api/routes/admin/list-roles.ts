import { z } from '@hono/zod-openapi';
import { listRoles } from '../../../domain/identity/manage-roles.ts';
import { defineRoute } from '../../define-route.ts';
import { json, roleSchema } from '../identity/schemas.ts';

export const listRolesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/roles',
  tag: 'roles',
  operationId: 'listRoles',
  summary: 'All roles and what they give',
  access: { kind: 'any', permissions: ['admin:read', 'admin:manage'], project: 'global' },
  responses: { 200: json('By name', z.object({ items: z.array(roleSchema) })) },
  handler: async (c) => c.json({ items: await listRoles(c.get('services').db) }, 200),
});
