import { z } from '@hono/zod-openapi';
import { readHistory } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import {
  commitBody,
  jsonResponse,
  pageQuery,
  projectParams,
  readAccess,
} from './browse-schemas.ts';

export const listCommitsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/commits',
  tag: 'git',
  operationId: 'listCommits',
  summary: 'History of a ref, or of a path on it, newest first',
  access: readAccess,
  request: { params: projectParams, query: pageQuery(30, 100) },
  responses: jsonResponse(
    'A page of commits',
    z.object({ items: z.array(commitBody), nextCursor: z.string().nullable() }),
  ),
  handler: async (c) => {
    const { gitStore } = c.get('services');
    const query = c.req.valid('query');
    const page = await readHistory(gitStore, c.get('project'), {
      ref: query.ref,
      path: query.path,
      cursor: query.cursor,
      limit: query.limit,
    });
    return c.json({ items: page.commits, nextCursor: page.next }, 200);
  },
});
