import { can } from '../../../domain/identity/check-access.ts';
import { receivePush } from '../../../domain/git/receive-push.ts';
import { defineRoute } from '../../define-route.ts';
import { answerTaker } from '../../git-reader.ts';
import { publicUrl } from '../../problems/problem-body.ts';
import { gitRequestBody, requireGitRequest, streamResponse, uncached } from './git-body.ts';
import { findGitProject, gitParams, gitRoute } from './git-project.ts';

/** Who may not push is told so by the check before refs move, after their pack came in: it need not be a large one. */
const strangersMaxBytes = 10 * 1024 * 1024;

export const receivePackRoute = defineRoute({
  ...gitRoute,
  method: 'post',
  path: '/{owner}/{repository}/git-receive-pack',
  operationId: 'receivePack',
  summary: 'Push, for git clients',
  request: { params: gitParams },
  responses: { 200: { description: 'What became of each ref' } },
  handler: async (c) => {
    const project = await findGitProject(c, c.req.valid('param'), 'git-receive-pack');
    requireGitRequest(c, 'git-receive-pack');
    const { db, gitStore, config, log } = c.get('services');
    const caller = c.get('caller');
    const mayPush = await can(db, caller.principal, 'project:write', project.id);
    const pipelines = `${publicUrl(c)}/${project.owner.name}/${project.name}/pipelines`;
    const options = {
      db,
      git: gitStore,
      caller,
      project,
      tell: ({ changeId }: { changeId: string }) => [`Change ${changeId}`, pipelines],
      onError: (err: unknown, what: string) => {
        log.error({ err, projectId: project.id, requestId: c.get('requestId') }, what);
      },
    };
    const { signal } = c.req.raw;
    const output = await gitStore.receivePack(project.repoPath, {
      ...gitRequestBody(c),
      gitProtocol: c.req.header('git-protocol'),
      signal,
      ...answerTaker(c),
      maxInputBytes: mayPush ? config.git.maxPushBytes : strangersMaxBytes,
      onPush: (push) => receivePush(options, push),
    });
    return streamResponse(c, output, {
      ...uncached,
      'content-type': 'application/x-git-receive-pack-result',
    });
  },
});
