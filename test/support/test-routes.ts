import { z } from '@hono/zod-openapi';
import { defineRoute } from '../../api/define-route.ts';
import { DomainError } from '../../contracts/problems.ts';

/** How often POST /api/v1/test/things did its work. */
export const counter = { made: 0 };

const open = { kind: 'public' } as const;
const ok = { 200: { description: 'Done' } };
const things = z.object({
  name: z.string().min(1).max(5),
  id: z.uuid().optional(),
  color: z.enum(['red', 'blue']).optional(),
  count: z.int().min(1).max(10).optional(),
});

/** Routes of the tests' own, for what no route of ours does. */
export const testRoutes = [
  defineRoute({
    method: 'get',
    path: '/api/v1/test/throws',
    tag: 'test',
    operationId: 'testThrows',
    summary: 'A bug',
    access: open,
    responses: ok,
    handler: () => {
      throw new Error('SELECT secret FROM somewhere');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/slow',
    tag: 'test',
    operationId: 'testSlow',
    summary: 'Slower than allowed',
    access: open,
    responses: ok,
    handler: async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 600));
      return c.json({}, 200);
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/v1/test/things',
    tag: 'test',
    operationId: 'testThings',
    summary: 'Makes a thing',
    access: { kind: 'authenticated' },
    request: { body: { content: { 'application/json': { schema: things } } } },
    responses: { 201: { description: 'Made' } },
    handler: async (c) => {
      counter.made += 1;
      const { name } = c.req.valid('json');
      if (name === 'fail') throw new DomainError('conflict', 'Not this one.');
      if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
      return c.json({ name, number: counter.made }, 201);
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/role',
    tag: 'test',
    operationId: 'testRole',
    summary: 'For holders of a role',
    access: { kind: 'role', role: 'admin' },
    responses: ok,
    handler: (c) => c.json({ subject: c.get('caller').principal.userName }, 200),
  }),
  defineRoute({
    method: 'get',
    path: '/api/v1/test/maybe',
    tag: 'test',
    operationId: 'testMaybe',
    summary: 'Signed in or not',
    access: { kind: 'public', identify: true },
    responses: ok,
    handler: (c) => c.json({ kind: c.get('caller').principal.kind, ip: c.get('ipAddr') }, 200),
  }),
];
