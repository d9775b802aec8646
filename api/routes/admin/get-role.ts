import { findRole } from '../../../domain/identity/manage-roles.ts';
import { toRoleRecord } from '../../../domain/identity/role-record.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, json, roleSchema } from '../identity/schemas.ts';

export const getRoleRoute = defineRoute({
  method: 'get',
  path: '/api/v1/roles/{id}',
  tag: 'roles',
  operationId: 'getRole',
  summary: 'A role by id or name',
  access: { kind: 'any', permissions: ['admin:read', 'admin:manage'], project: 'global' },
  record: { table: 'roles' },
  request: { params: idParam },
  responses: { 200: json('The role', roleSchema) },
  handler: async (c) =>
    c.json(toRoleRecord(await findRole(c.get('services').db, c.req.valid('param').id)), 200),
});
