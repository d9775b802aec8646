import { z } from '@hono/zod-openapi';
import { readStepEgress } from '../../../domain/pipeline/step-egress.ts';
import { defineRoute } from '../../define-route.ts';
import { onPipeline, pipelineParams } from './get-pipeline.ts';

const entryBody = z
  .object({
    kind: z.enum(['name', 'address']).describe('name: asked of the name server'),
    target: z.string(),
    protocol: z.enum(['tcp', 'udp']).nullable(),
    port: z.int().nullable(),
    names: z.array(z.string()).describe('Of an address: the names asked for that led to it'),
    allowed: z.boolean(),
    count: z.int().describe('Questions, or connections begun'),
    sentBytes: z.int().nullable(),
    receivedBytes: z.int().nullable(),
  })
  .openapi('EgressEntry');

const recordBody = z.object({
  attempt: z.int(),
  allow: z.array(z.string()).nullable().describe('The list that held; null: there was none'),
  entries: z.array(entryBody),
  isCut: z.boolean().describe('There was more than is kept'),
});

export const getStepEgressRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/steps/{name}/egress',
  tag: 'pipelines',
  operationId: 'getPipelineStepEgress',
  summary: 'What a step asked of the network, and what of it was allowed',
  description:
    'One record for each attempt that had a network, the newest first. A step with `network: none` has none, nor ' +
    'has one that ran where nothing can be recorded.',
  access: onPipeline('pipeline:read'),
  request: { params: pipelineParams.extend({ name: z.string().max(200) }) },
  responses: {
    200: {
      description: 'The records',
      content: { 'application/json': { schema: z.object({ items: z.array(recordBody) }) } },
    },
  },
  handler: async (c) => {
    const { id, name } = c.req.valid('param');
    return c.json({ items: await readStepEgress(c.get('services').db, id, name) }, 200);
  },
});
