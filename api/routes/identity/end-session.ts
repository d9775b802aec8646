import { endOwnSession } from '../../../domain/identity/end-sessions.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from './schemas.ts';

export const endSessionRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/auth/sessions/{id}',
  tag: 'auth',
  operationId: 'endSession',
  summary: 'End one of your sessions',
  access: { kind: 'account' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await endOwnSession(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
