import { z } from '@hono/zod-openapi';
import { changeStates } from '../../../contracts/change.ts';
import { listChanges } from '../../../domain/change/list-changes.ts';
import { defineRoute } from '../../define-route.ts';

const summaryBody = z
  .object({
    changeId: z.string(),
    title: z.string().nullable(),
    state: z.enum(changeStates),
    line: z.string().openapi({ description: 'Where it is, in one line' }),
    branch: z.string().nullable(),
    commitSha: z.string().nullable(),
    actor: z.object({ id: z.string(), name: z.string() }).nullable(),
    at: z.iso.datetime(),
    pipelines: z.array(z.object({ id: z.string(), number: z.int(), status: z.string() })),
    mergeRequest: z.object({ number: z.int(), title: z.string(), status: z.string() }).nullable(),
    environments: z.array(z.object({ environment: z.string(), status: z.string() })),
  })
  .openapi('ChangeSummary');

export const listChangesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/changes',
  tag: 'changes',
  operationId: 'listChanges',
  summary: 'Changes of a project, newest first, each with where it is',
  access: { kind: 'permission', permission: 'pipeline:read', project: 'path' },
  request: {
    params: z.object({ owner: z.string().max(100), project: z.string().max(100) }),
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(30),
      cursor: z
        .string()
        .regex(/^chg_[0-9a-z]{26}$/, 'a cursor of this list')
        .optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of changes',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(summaryBody), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const page = { limit, after: cursor ?? null };
    const { db } = c.get('services');
    const { items, next } = await listChanges(db, c.get('caller'), c.get('project').id, page);
    return c.json({ items, nextCursor: next }, 200);
  },
});
