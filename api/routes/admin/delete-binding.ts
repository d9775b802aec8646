import { deleteBinding } from '../../../domain/identity/manage-bindings.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from '../identity/schemas.ts';

export const deleteBindingRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/role-bindings/{id}',
  tag: 'roles',
  operationId: 'deleteRoleBinding',
  summary: 'Take a role from a user, effective on their next request',
  access: { kind: 'authenticated' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await deleteBinding(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
