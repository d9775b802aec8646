import { z } from '@hono/zod-openapi';
import { changeEntryKinds, changeStates } from '../../../contracts/change.ts';
import { readChange } from '../../../domain/change/read-change.ts';
import { defineRoute } from '../../define-route.ts';

const named = z.object({ id: z.string(), name: z.string() });

const entryBody = z
  .object({
    id: z.string(),
    kind: z.enum(changeEntryKinds),
    title: z.string(),
    state: z.string().nullable(),
    at: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    durationMs: z.int().nullable(),
    actor: named.nullable(),
    projectId: z.string(),
    link: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('ChangeEntry');

const changeBody = z
  .object({
    changeId: z.string(),
    title: z.string().nullable(),
    state: z.enum(changeStates),
    line: z.string().openapi({ description: 'Where it is, in one line' }),
    projects: z.array(z.object({ id: z.string(), owner: z.string(), name: z.string() })),
    startedAt: z.iso.datetime().nullable(),
    entries: z.array(entryBody),
  })
  .openapi('Change');

export const getChangeRoute = defineRoute({
  method: 'get',
  path: '/api/v1/changes/{changeId}',
  tag: 'changes',
  operationId: 'getChange',
  summary: 'The whole story of a change, from its push to what runs of it',
  description: 'Shows what you may see of it; 404 when that is nothing.',
  access: { kind: 'public', identify: true },
  request: { params: z.object({ changeId: z.string().max(64) }) },
  responses: {
    200: {
      description: 'One timeline, oldest first',
      content: { 'application/json': { schema: changeBody } },
    },
  },
  handler: async (c) => {
    const { changeId } = c.req.valid('param');
    return c.json(await readChange(c.get('services').db, c.get('caller'), changeId), 200);
  },
});
