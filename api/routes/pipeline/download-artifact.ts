import { z } from '@hono/zod-openapi';
import { findArtifact } from '../../../domain/pipeline/find-artifacts.ts';
import { projectOfPipeline } from '../../../domain/pipeline/log-step.ts';
import { archiveArtifacts, openArtifact } from '../../../domain/pipeline/read-artifact.ts';
import { DomainError } from '../../../contracts/problems.ts';
import { answerDirectly, streamBody } from '../../direct-answer.ts';
import { defineRoute } from '../../define-route.ts';
import { bytesResponse } from '../git/browse-schemas.ts';

/** RFC 6266: an ASCII name for old clients, the real one percent-encoded. */
function disposition(path: string): string {
  const name = path.split('/').at(-1) ?? 'artifact';
  const ascii = name.replace(/[^A-Za-z0-9._ -]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** A build's output is a stranger's content: whatever it is, it never runs as part of our own site. */
const harmless = {
  'content-security-policy': "sandbox; default-src 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, no-cache',
};

export const downloadArtifactRoute = defineRoute({
  method: 'get',
  path: '/api/v1/artifacts/{id}/content',
  tag: 'pipelines',
  operationId: 'downloadArtifactFile',
  summary: 'Content of an artifact, always as a download',
  access: {
    kind: 'permission',
    permission: 'pipeline:read',
    project: async (c) =>
      (await findArtifact(c.get('services').db, c.req.param('id') ?? '')).projectId,
  },
  raw: true,
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: bytesResponse('The content'),
  handler: async (c) => {
    const { db, objectStore } = c.get('services');
    const artifact = await findArtifact(db, c.req.valid('param').id);
    const body = await openArtifact(objectStore, artifact);
    if (body === null)
      throw new DomainError('not_found', 'There is no such artifact, or it has expired.');
    const headers = {
      ...harmless,
      'content-type': artifact.contentType ?? 'application/octet-stream',
      'content-length': String(artifact.sizeBytes ?? 0n),
      'content-disposition': disposition(artifact.path),
      'x-checksum-sha256': artifact.sha256,
    };
    return answerDirectly(c, headers, streamBody(body));
  },
});

export const downloadArtifactsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/steps/{step}/artifacts/{name}/archive',
  tag: 'pipelines',
  operationId: 'downloadArtifact',
  summary: 'All files of an artifact as one .tar.gz',
  access: {
    kind: 'permission',
    permission: 'pipeline:read',
    project: async (c) => await projectOfPipeline(c.get('services').db, c.req.param('id') ?? ''),
  },
  raw: true,
  request: {
    params: z.object({
      id: z.string().max(64),
      step: z.string().max(255),
      name: z.string().max(255),
    }),
  },
  responses: bytesResponse('The archive, made while it is sent'),
  handler: async (c) => {
    const { db, objectStore } = c.get('services');
    const { id, step, name } = c.req.valid('param');
    const archive = await archiveArtifacts(db, objectStore, {
      pipelineId: id,
      stepName: step,
      name,
    });
    const headers = {
      ...harmless,
      'content-type': 'application/gzip',
      'content-disposition': disposition(`${name}.tar.gz`),
    };
    return answerDirectly(c, headers, streamBody(archive));
  },
});
