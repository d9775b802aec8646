import { z } from '@hono/zod-openapi';
import { verifyAudit } from '../../../domain/audit/verify-audit.ts';
import { defineRoute } from '../../define-route.ts';

export const verifyAuditRoute = defineRoute({
  method: 'get',
  path: '/api/v1/audit/verification',
  tag: 'audit',
  operationId: 'verifyAudit',
  summary: 'Whether the hash chain of the audit log holds, and if not, at which row it breaks',
  access: { kind: 'permission', permission: 'audit:read', project: 'global' },
  responses: {
    200: {
      description: 'What was found; `ok` is false when the log was tampered with',
      content: {
        'application/json': {
          schema: z
            .object({
              ok: z.boolean(),
              rows: z.number().int(),
              headHash: z.string(),
              firstBreak: z
                .object({
                  kind: z.enum(['changed', 'missing', 'chain', 'tail_cut']),
                  seq: z.string(),
                  id: z.string().nullable(),
                  detail: z.string(),
                })
                .nullable(),
            })
            .openapi('AuditVerification'),
        },
      },
    },
  },
  handler: async (c) => c.json(await verifyAudit(c.get('services').db), 200),
});
