import { z } from '@hono/zod-openapi';
import { createDelegation } from '../../../domain/identity/manage-delegations.ts';
import { defineRoute } from '../../define-route.ts';
import {
  delegationSchema,
  futureTime,
  json,
  jsonBody,
  permissionSchema,
  reference,
} from '../identity/schemas.ts';

export const createDelegationRoute = defineRoute({
  method: 'post',
  path: '/api/v1/delegations',
  tag: 'delegations',
  operationId: 'createDelegation',
  summary: 'Delegate one of your permissions to a user or agent',
  description:
    'It counts while you hold it, until it expires or is revoked. What projects give needs `project:delegate` there; ' +
    'what was delegated to you, and what agents hold, cannot be delegated again.',
  access: { kind: 'account' },
  request: {
    body: jsonBody(
      z.strictObject({
        delegate: reference,
        permission: permissionSchema,
        projectId: reference.nullable().optional(),
        expiresAt: futureTime.nullable().optional(),
        reason: z.string().max(500).nullable().optional(),
      }),
    ),
  },
  responses: { 201: json('Delegated', delegationSchema) },
  handler: async (c) =>
    c.json(await createDelegation(c.get('services').db, c.get('caller'), c.req.valid('json')), 201),
});
