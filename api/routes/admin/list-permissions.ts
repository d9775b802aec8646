import { z } from '@hono/zod-openapi';
import { listPermissions } from '../../../domain/identity/manage-delegations.ts';
import { defineRoute } from '../../define-route.ts';
import { json } from '../identity/schemas.ts';

export const listPermissionsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/permissions',
  tag: 'roles',
  operationId: 'listPermissions',
  summary: 'The closed list of permissions',
  access: { kind: 'authenticated' },
  responses: { 200: json('All of them', z.object({ items: z.array(z.string()) })) },
  handler: (c) => c.json({ items: [...listPermissions()] }, 200),
});
