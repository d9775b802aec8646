import { z } from '@hono/zod-openapi';
import { artifactSetsOf, listArtifacts } from '../../../domain/pipeline/find-artifacts.ts';
import { projectOfPipeline } from '../../../domain/pipeline/log-step.ts';
import type { Artifact } from '../../../prisma/generated/client.ts';
import { defineRoute } from '../../define-route.ts';

const artifactBody = z
  .object({
    id: z.string(),
    pipelineId: z.string(),
    step: z.string(),
    name: z.string(),
    path: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
    expiresAt: z.iso.datetime().nullable(),
    createdAt: z.iso.datetime(),
    /** where the content is */
    contentUrl: z.string(),
  })
  .openapi('Artifact');

const artifactPage = z.object({ items: z.array(artifactBody), nextCursor: z.string().nullable() });

const listArtifactsQuery = z.strictObject({
  name: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(64).optional(),
});

const responses = {
  200: {
    description: 'A page of artifacts, newest first',
    content: { 'application/json': { schema: artifactPage } },
  },
} as const;

function toPage(page: { items: Artifact[]; next: string | null }): z.output<typeof artifactPage> {
  return { items: page.items.map(toArtifactBody), nextCursor: page.next };
}

function toArtifactBody(artifact: Artifact): z.output<typeof artifactBody> {
  return {
    id: artifact.id,
    pipelineId: artifact.pipelineId,
    step: artifact.stepName,
    name: artifact.name,
    path: artifact.path,
    contentType: artifact.contentType ?? 'application/octet-stream',
    sizeBytes: Number(artifact.sizeBytes ?? 0),
    sha256: artifact.sha256,
    expiresAt: artifact.expiresAt?.toISOString() ?? null,
    createdAt: artifact.createdAt.toISOString(),
    contentUrl: `/api/v1/artifacts/${artifact.id}/content`,
  };
}

export const listProjectArtifactsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/artifacts',
  tag: 'pipelines',
  operationId: 'listProjectArtifacts',
  summary: 'Artifacts of a project, newest first',
  access: { kind: 'permission', permission: 'pipeline:read', project: 'path' },
  request: {
    params: z.object({ owner: z.string(), project: z.string() }),
    query: listArtifactsQuery,
  },
  responses,
  handler: async (c) => {
    const { name, limit, cursor } = c.req.valid('query');
    const projectId = c.get('project').id;
    const filter = { projectId, name, limit, after: cursor ?? null };
    return c.json(toPage(await listArtifacts(c.get('services').db, filter)), 200);
  },
});

export const listPipelineArtifactsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/artifacts',
  tag: 'pipelines',
  operationId: 'listPipelineArtifacts',
  summary: 'Artifacts of a pipeline, newest first',
  access: {
    kind: 'permission',
    permission: 'pipeline:read',
    project: async (c) => await projectOfPipeline(c.get('services').db, c.req.param('id') ?? ''),
  },
  request: { params: z.object({ id: z.string().max(64) }), query: listArtifactsQuery },
  responses,
  handler: async (c) => {
    const { name, limit, cursor } = c.req.valid('query');
    const pipelineId = c.req.valid('param').id;
    const filter = { pipelineId, name, limit, after: cursor ?? null };
    return c.json(toPage(await listArtifacts(c.get('services').db, filter)), 200);
  },
});

const artifactSet = z
  .object({
    step: z.string(),
    name: z.string(),
    files: z.int(),
    sizeBytes: z.int(),
    /** when the first of its files goes */
    expiresAt: z.iso.datetime().nullable(),
    /** all of its files as one .tar.gz */
    archiveUrl: z.string(),
  })
  .openapi('ArtifactSet');

export const listArtifactSetsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/artifact-sets',
  tag: 'pipelines',
  operationId: 'listPipelineArtifactSets',
  summary:
    'What the steps of a pipeline stored, by step and name, each with the number and size of its files',
  access: {
    kind: 'permission',
    permission: 'pipeline:read',
    project: async (c) => await projectOfPipeline(c.get('services').db, c.req.param('id') ?? ''),
  },
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: {
    200: {
      description: 'All of them: a definition names no more than a few for each step',
      content: { 'application/json': { schema: z.object({ items: z.array(artifactSet) }) } },
    },
  },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    const sets = await artifactSetsOf(c.get('services').db, id);
    const items = sets.map(({ expiresAt, ...set }) => ({
      ...set,
      expiresAt: expiresAt?.toISOString() ?? null,
      archiveUrl: archiveUrlOf(id, set),
    }));
    return c.json({ items }, 200);
  },
});

function archiveUrlOf(pipelineId: string, set: { step: string; name: string }): string {
  const [step = '', name = ''] = [set.step, set.name].map(encodeURIComponent);
  return `/api/v1/pipelines/${pipelineId}/steps/${step}/artifacts/${name}/archive`;
}
