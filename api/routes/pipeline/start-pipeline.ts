import { z } from '@hono/zod-openapi';
import { getPipeline } from '../../../domain/pipeline/read-pipelines.ts';
import { createRepositoryReader } from '../../../domain/pipeline/repository-reader.ts';
import { startPipeline } from '../../../domain/pipeline/start-pipeline.ts';
import { defineRoute } from '../../define-route.ts';
import { pipelineBody, toPipelineBody } from './pipeline-body.ts';

export const startPipelineRoute = defineRoute({
  method: 'post',
  path: '/api/v1/projects/{owner}/{project}/pipelines',
  tag: 'pipelines',
  operationId: 'startPipeline',
  summary: 'Start a pipeline by hand',
  access: { kind: 'permission', permission: 'pipeline:run', project: 'path' },
  request: {
    params: z.object({ owner: z.string(), project: z.string() }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({
            ref: z
              .string()
              .min(1)
              .max(256)
              .optional()
              .describe('Branch, tag or commit; the default branch without it'),
          }),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'It waits to start',
      content: { 'application/json': { schema: pipelineBody } },
    },
  },
  handler: async (c) => {
    const { db, gitStore, heavy } = c.get('services');
    const created = await startPipeline(
      db,
      createRepositoryReader(gitStore, heavy),
      c.get('caller'),
      {
        projectId: c.get('project').id,
        ref: c.req.valid('json').ref ?? null,
      },
    );
    return c.json(toPipelineBody(await getPipeline(db, created.id)), 201);
  },
});
