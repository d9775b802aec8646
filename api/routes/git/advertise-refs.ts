import { z } from '@hono/zod-openapi';
import { defineRoute } from '../../define-route.ts';
import { answerTaker } from '../../git-reader.ts';
import { streamResponse, uncached } from './git-body.ts';
import { findGitProject, gitParams, gitRoute } from './git-project.ts';

export const advertiseRefsRoute = defineRoute({
  ...gitRoute,
  method: 'get',
  path: '/{owner}/{repository}/info/refs',
  operationId: 'advertiseRefs',
  summary: 'Refs and capabilities, for git clients',
  request: {
    params: gitParams,
    query: z.object({ service: z.enum(['git-upload-pack', 'git-receive-pack']) }),
  },
  responses: { 200: { description: 'The advertisement' } },
  handler: async (c) => {
    const { service } = c.req.valid('query');
    const project = await findGitProject(c, c.req.valid('param'), service);
    const refs = c.get('services').gitStore.advertise(project.repoPath, {
      service,
      gitProtocol: c.req.header('git-protocol'),
      signal: c.req.raw.signal,
      ...answerTaker(c),
    });
    return streamResponse(c, refs, {
      ...uncached,
      'content-type': `application/x-${service}-advertisement`,
    });
  },
});
