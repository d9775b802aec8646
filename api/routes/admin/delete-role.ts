import { deleteRole } from '../../../domain/identity/manage-roles.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from '../identity/schemas.ts';

export const deleteRoleRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/roles/{id}',
  tag: 'roles',
  operationId: 'deleteRole',
  summary: 'Delete a role that is not a system one, with its bindings',
  access: { kind: 'permission', permission: 'admin:manage', project: 'global' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await deleteRole(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
