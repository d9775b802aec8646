import { z } from '@hono/zod-openapi';
import { readTree } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import { entryBody, jsonResponse, pageQuery, projectParams, readAccess } from './browse-schemas.ts';

const treeBody = z.object({
  ref: z.string(),
  sha: z.string().nullable(),
  path: z.string(),
  items: z.array(entryBody),
  nextCursor: z.string().nullable(),
});

export const getTreeRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/tree',
  tag: 'git',
  operationId: 'getTree',
  summary: 'A directory at a ref',
  access: readAccess,
  request: { params: projectParams, query: pageQuery(1000, 10_000) },
  responses: jsonResponse('A page of the directory; sha is null in an empty repository', treeBody),
  handler: async (c) => {
    const { gitStore } = c.get('services');
    const query = c.req.valid('query');
    const { entries, next, ...tree } = await readTree(gitStore, c.get('project'), {
      ref: query.ref,
      path: query.path,
      cursor: query.cursor,
      limit: query.limit,
    });
    return c.json({ ...tree, items: entries, nextCursor: next }, 200);
  },
});
