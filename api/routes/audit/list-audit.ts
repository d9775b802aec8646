import { z } from '@hono/zod-openapi';
import { listAudit } from '../../../domain/audit/list-audit.ts';
import { defineRoute } from '../../define-route.ts';

const filterText = z.string().min(1).max(200).optional();

const auditBody = z
  .object({
    id: z.string(),
    seq: z.string(),
    actorId: z.string(),
    actorName: z.string(),
    actChain: z.array(z.string()),
    action: z.string(),
    resource: z.string(),
    resourceId: z.string().nullable(),
    projectId: z.string().nullable(),
    detail: z.unknown(),
    ipAddr: z.string().nullable(),
    requestId: z.string().nullable(),
    createdAt: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEntry');

export const listAuditRoute = defineRoute({
  method: 'get',
  path: '/api/v1/audit',
  tag: 'audit',
  operationId: 'listAuditEntries',
  summary: 'The audit log, newest first',
  access: { kind: 'permission', permission: 'audit:read', project: 'global' },
  request: {
    query: z.strictObject({
      actor: filterText.openapi({ description: 'Id of the user or agent that acted' }),
      resource: filterText,
      resourceId: filterText,
      action: filterText,
      project: filterText.openapi({ description: 'Id of a project' }),
      q: filterText.openapi({
        description: 'Words, each a part of who, what or on what; or an address that it came from',
      }),
      limit: z.coerce.number().int().min(1).max(100).default(30),
      cursor: z.string().max(100).optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of the log',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(auditBody), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { actor, project, cursor, limit, ...rest } = c.req.valid('query');
    const filter = { ...rest, actorId: actor, projectId: project };
    const page = await listAudit(c.get('services').db, filter, { cursor, limit });
    const items = page.items.map(({ prevHash: _prevHash, ...entry }) => ({
      ...entry,
      seq: entry.seq.toString(),
      createdAt: entry.createdAt.toISOString(),
    }));
    const { nextCursor } = page;
    return c.json({ items, nextCursor }, 200);
  },
});
