import { getPipeline } from '../../../domain/pipeline/read-pipelines.ts';
import { rerunPipeline } from '../../../domain/pipeline/rerun-pipeline.ts';
import { defineRoute } from '../../define-route.ts';
import { onPipeline, pipelineParams } from './get-pipeline.ts';
import { pipelineBody, toPipelineBody } from './pipeline-body.ts';

export const rerunPipelineRoute = defineRoute({
  method: 'post',
  path: '/api/v1/pipelines/{id}/rerun',
  tag: 'pipelines',
  operationId: 'rerunPipeline',
  summary: 'Run the same commit again, as a new pipeline of the same change',
  access: onPipeline('pipeline:run'),
  request: { params: pipelineParams },
  responses: {
    201: {
      description: 'It waits to start',
      content: { 'application/json': { schema: pipelineBody } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const created = await rerunPipeline(db, c.get('caller'), c.req.valid('param').id);
    return c.json(toPipelineBody(await getPipeline(db, created.id)), 201);
  },
});
