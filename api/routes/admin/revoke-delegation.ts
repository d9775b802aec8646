import { revokeDelegation } from '../../../domain/identity/manage-delegations.ts';
import { defineRoute } from '../../define-route.ts';
import { idParam, noContent } from '../identity/schemas.ts';

export const revokeDelegationRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/delegations/{id}',
  tag: 'delegations',
  operationId: 'revokeDelegation',
  summary: 'Take back a delegation that you gave or got, or one of a project where you may',
  access: { kind: 'account' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await revokeDelegation(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
