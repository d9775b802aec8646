import { findUser } from '../../../domain/identity/find-user.ts';
import { toUserRecord } from '../../../domain/identity/user-record.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, json, userSchema } from './schemas.ts';

export const getUserRoute = defineRoute({
  method: 'get',
  path: '/api/v1/users/{id}',
  tag: 'users',
  operationId: 'getUser',
  summary: 'A user by id or name',
  access: { kind: 'any', permissions: ['users:read', 'admin:users'], project: 'global' },
  record: { table: 'users' },
  request: { params: idParam },
  responses: { 200: json('The user', userSchema) },
  handler: async (c) => {
    const user = await findUser(c.get('services').db, c.req.valid('param').id);
    return c.json(toUserRecord(user), 200);
  },
});
