import { deleteUser } from '../../../domain/identity/manage-users.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from './schemas.ts';

export const deleteUserRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/users/{id}',
  tag: 'users',
  operationId: 'deleteUser',
  summary: 'Remove an account that owns no project',
  access: { kind: 'any', permissions: ['users:write', 'admin:users'], project: 'global' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await deleteUser(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
