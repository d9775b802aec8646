import { z } from '@hono/zod-openapi';
import { requestRunCommand, type RunCommand } from '../../../domain/pipeline/request-command.ts';
import { defineRoute, type DefinedRoute } from '../../define-route.ts';
import { onPipeline, pipelineParams } from './get-pipeline.ts';

function commandRoute(command: RunCommand, summary: string): DefinedRoute {
  return defineRoute({
    method: 'post',
    path: `/api/v1/pipelines/{id}/${command}`,
    tag: 'pipelines',
    operationId: `${command}Pipeline`,
    summary,
    access: onPipeline('pipeline:run'),
    request: {
      params: pipelineParams,
      body: {
        required: false,
        content: {
          'application/json': {
            schema: z.strictObject({ reason: z.string().max(500).optional() }),
          },
        },
      },
    },
    responses: {
      202: {
        description: 'Asked of the run; its events tell when it is done',
        content: { 'application/json': { schema: z.object({ accepted: z.literal(true) }) } },
      },
    },
    handler: async (c) => {
      const body = c.req.valid('json') as { reason?: string } | undefined;
      await requestRunCommand(c.get('services').db, c.get('caller'), {
        pipelineId: c.req.valid('param').id,
        command,
        reason: body?.reason ?? null,
      });
      return c.json({ accepted: true as const }, 202);
    },
  });
}

export const cancelPipelineRoute = commandRoute(
  'cancel',
  'Cancel a pipeline, also one that waits to start',
);
export const pausePipelineRoute = commandRoute(
  'pause',
  'Pause a pipeline: running steps end, no new one starts',
);
export const resumePipelineRoute = commandRoute('resume', 'Let a paused pipeline go on');
