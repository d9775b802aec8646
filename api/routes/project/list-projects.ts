import { z } from '@hono/zod-openapi';
import { listProjects } from '../../../domain/project/list-projects.ts';
import { defineRoute } from '../../define-route.ts';
import { publicUrl } from '../../problems/problem-body.ts';
import { projectBody, toProjectBody } from './project-body.ts';

const query = z.strictObject({
  q: z.string().max(200).optional(),
  mine: z.enum(['0', '1', 'true', 'false']).optional(),
  cursor: z
    .string()
    .regex(/^prj_[0-9a-z]{26}$/, 'a cursor of this list')
    .optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});

export const listProjectsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects',
  tag: 'projects',
  operationId: 'listProjects',
  summary: 'Projects that you may see, newest first',
  access: { kind: 'public', identify: true },
  request: { query },
  responses: {
    200: {
      description: 'A page of projects',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(projectBody), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { q, mine, cursor, limit } = c.req.valid('query');
    const page = await listProjects(c.get('services').db, c.get('caller'), {
      q,
      mine: mine === '1' || mine === 'true',
      after: cursor,
      limit,
    });
    const items = page.projects.map((record) => toProjectBody(record, publicUrl(c)));
    return c.json({ items, nextCursor: page.next }, 200);
  },
});
