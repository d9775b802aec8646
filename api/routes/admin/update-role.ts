import { z } from '@hono/zod-openapi';
import { updateRole } from '../../../domain/identity/manage-roles.ts';
import { defineRoute } from '../../define-route.ts';
import { answerWithEtag } from '../../etag.ts';
import { idParam, json, jsonBody, roleSchema } from '../identity/schemas.ts';
import { roleFields } from './role-body.ts';

export const updateRoleRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/roles/{id}',
  tag: 'roles',
  operationId: 'updateRole',
  summary: 'Change a role that is not a system one',
  access: { kind: 'permission', permission: 'admin:manage', project: 'global' },
  request: { params: idParam, body: jsonBody(z.strictObject(roleFields).partial()) },
  responses: { 200: json('Changed', roleSchema) },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    return answerWithEtag(c, await updateRole(db, c.get('caller'), id, c.req.valid('json')));
  },
});
