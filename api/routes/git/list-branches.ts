import { z } from '@hono/zod-openapi';
import { listBranchesOf } from '../../../domain/git/list-refs.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, projectParams, readAccess } from './browse-schemas.ts';

const branchBody = z
  .object({
    name: z.string(),
    sha: z.string(),
    subject: z.string(),
    committedAt: z.string(),
    isDefault: z.boolean(),
    isProtected: z.boolean(),
  })
  .openapi('Branch');

export const listRefsQuery = z.strictObject({
  q: z.string().max(200).optional(),
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const listBranchesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/branches',
  tag: 'git',
  operationId: 'listBranches',
  summary: 'Branches by name, the default one first',
  access: readAccess,
  request: { params: projectParams, query: listRefsQuery },
  responses: jsonResponse(
    'A page of branches',
    z.object({ items: z.array(branchBody), nextCursor: z.string().nullable() }),
  ),
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const page = await listBranchesOf(db, gitStore, c.get('project'), c.req.valid('query'));
    return c.json({ items: page.items, nextCursor: page.next }, 200);
  },
});
