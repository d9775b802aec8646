import { z } from '@hono/zod-openapi';
import { listTagsOf } from '../../../domain/git/list-refs.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, projectParams, readAccess } from './browse-schemas.ts';
import { listRefsQuery } from './list-branches.ts';

const tagBody = z
  .object({
    name: z.string(),
    sha: z.string(),
    annotated: z.boolean(),
    subject: z.string(),
    taggedAt: z.string(),
  })
  .openapi('Tag');

export const listTagsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/tags',
  tag: 'git',
  operationId: 'listTags',
  summary: 'Tags, newest first',
  access: readAccess,
  request: { params: projectParams, query: listRefsQuery },
  responses: jsonResponse(
    'A page of tags',
    z.object({ items: z.array(tagBody), nextCursor: z.string().nullable() }),
  ),
  handler: async (c) => {
    const { gitStore } = c.get('services');
    const page = await listTagsOf(gitStore, c.get('project'), c.req.valid('query'));
    return c.json({ items: page.items, nextCursor: page.next }, 200);
  },
});
