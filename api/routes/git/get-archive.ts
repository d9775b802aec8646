import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { repoPathOf, resolveRefOrDefault } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import { bytesResponse, projectParams, readAccess, requiredRef } from './browse-schemas.ts';
import { streamResponse } from './git-body.ts';

export const getArchiveRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/archive',
  tag: 'git',
  operationId: 'downloadArchive',
  summary: 'All files at a ref as one archive',
  access: readAccess,
  raw: true,
  request: {
    params: projectParams,
    query: z.strictObject({
      ref: requiredRef.optional(),
      format: z.enum(['tar.gz', 'zip']).default('tar.gz'),
    }),
  },
  responses: bytesResponse('The archive'),
  handler: async (c) => {
    const { ref, format } = c.req.valid('query');
    const { gitStore } = c.get('services');
    const project = c.get('project');
    const at = await resolveRefOrDefault(gitStore, project, ref);
    if (at === null) throw new DomainError('not_found', 'The repository is empty.');
    const name = `${project.name}-${at.sha.slice(0, 12)}`;
    const { signal } = c.req.raw;
    const stream = gitStore.archive(repoPathOf(project), {
      sha: at.sha,
      format,
      prefix: `${name}/`,
      signal,
    });
    return streamResponse(c, stream, {
      'content-type': format === 'zip' ? 'application/zip' : 'application/gzip',
      'content-disposition': `attachment; filename="${name}.${format}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
    });
  },
});
