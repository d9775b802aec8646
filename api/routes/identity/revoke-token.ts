import { revokeToken } from '../../../domain/identity/manage-tokens.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from './schemas.ts';

export const revokeTokenRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  tag: 'tokens',
  operationId: 'revokeToken',
  summary: 'Revoke a token at once',
  access: { kind: 'account' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await revokeToken(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
