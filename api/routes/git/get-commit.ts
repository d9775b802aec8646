import { readCommitWithDiff } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import {
  commitBody,
  diffBody,
  jsonResponse,
  projectParams,
  readAccess,
  requiredRef,
} from './browse-schemas.ts';

export const getCommitRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/commits/{sha}',
  tag: 'git',
  operationId: 'getCommit',
  summary: 'A commit and what it changed',
  access: readAccess,
  request: { params: projectParams.extend({ sha: requiredRef }) },
  responses: jsonResponse('The commit', commitBody.extend({ diff: diffBody })),
  handler: async (c) => {
    const { gitStore } = c.get('services');
    const { sha } = c.req.valid('param');
    const { commit, diff } = await readCommitWithDiff(gitStore, c.get('project'), sha);
    return c.json({ ...commit, diff }, 200);
  },
});
