import { z } from '@hono/zod-openapi';
import { projectOfPipeline } from '../../../domain/pipeline/log-step.ts';
import { getPipeline } from '../../../domain/pipeline/read-pipelines.ts';
import type { Access } from '../../access.ts';
import { defineRoute } from '../../define-route.ts';
import { pipelineDetailBody, stepBody, toPipelineDetail, toStepBody } from './pipeline-body.ts';
import { visibleRunDeployments } from './visible-run-deployments.ts';

export const pipelineParams = z.object({ id: z.string().max(64) });

/** A permission on the project that the pipeline of the path belongs to. */
export function onPipeline(permission: 'pipeline:read' | 'pipeline:run'): Access {
  return {
    kind: 'permission',
    permission,
    project: async (c) => await projectOfPipeline(c.get('services').db, c.req.param('id') ?? ''),
  };
}

export const getPipelineRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}',
  tag: 'pipelines',
  operationId: 'getPipeline',
  summary: 'A pipeline with its steps and gates',
  access: onPipeline('pipeline:read'),
  request: { params: pipelineParams },
  responses: {
    200: {
      description: 'The pipeline',
      content: { 'application/json': { schema: pipelineDetailBody } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const run = await getPipeline(db, c.req.valid('param').id);
    const deployments = await visibleRunDeployments(db, c.get('caller').principal, [run]);
    return c.json(toPipelineDetail(run, deployments.get(run.id) ?? []), 200);
  },
});

export const listStepsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/steps',
  tag: 'pipelines',
  operationId: 'listPipelineSteps',
  summary: 'Steps of a pipeline in order',
  access: onPipeline('pipeline:read'),
  request: { params: pipelineParams },
  responses: {
    200: {
      description: 'The steps',
      content: { 'application/json': { schema: z.object({ items: z.array(stepBody) }) } },
    },
  },
  handler: async (c) => {
    const run = await getPipeline(c.get('services').db, c.req.valid('param').id);
    return c.json({ items: run.steps.map(toStepBody) }, 200);
  },
});
