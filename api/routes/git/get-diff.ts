import { z } from '@hono/zod-openapi';
import { readDiff } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import {
  diffBody,
  jsonResponse,
  projectParams,
  readAccess,
  requiredRef,
} from './browse-schemas.ts';

export const getDiffRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/diff',
  tag: 'git',
  operationId: 'getDiff',
  summary: 'What `to` changed since it left `from`',
  access: readAccess,
  request: {
    params: projectParams,
    query: z.strictObject({ from: requiredRef, to: requiredRef }),
  },
  responses: jsonResponse(
    'The patch from the merge base; cut at 1 MiB',
    z.object({ from: z.string(), to: z.string(), base: z.string().nullable(), diff: diffBody }),
  ),
  handler: async (c) => {
    const { from, to } = c.req.valid('query');
    return c.json(await readDiff(c.get('services').gitStore, c.get('project'), { from, to }), 200);
  },
});
