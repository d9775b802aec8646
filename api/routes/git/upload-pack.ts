import { defineRoute } from '../../define-route.ts';
import { answerTaker } from '../../git-reader.ts';
import { gitRequestBody, requireGitRequest, streamResponse, uncached } from './git-body.ts';
import { findGitProject, gitParams, gitRoute } from './git-project.ts';

export const uploadPackRoute = defineRoute({
  ...gitRoute,
  method: 'post',
  path: '/{owner}/{repository}/git-upload-pack',
  operationId: 'uploadPack',
  summary: 'Clone and fetch, for git clients',
  request: { params: gitParams },
  responses: { 200: { description: 'The pack' } },
  handler: async (c) => {
    const project = await findGitProject(c, c.req.valid('param'), 'git-upload-pack');
    requireGitRequest(c, 'git-upload-pack');
    const { signal } = c.req.raw;
    const output = await c.get('services').gitStore.uploadPack(project.repoPath, {
      ...gitRequestBody(c),
      gitProtocol: c.req.header('git-protocol'),
      signal,
      ...answerTaker(c),
    });
    return streamResponse(c, output, {
      ...uncached,
      'content-type': 'application/x-git-upload-pack-result',
    });
  },
});
