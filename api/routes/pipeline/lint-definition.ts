import { z } from '@hono/zod-openapi';
import { definitionJsonSchema } from '../../../domain/pipeline/definition/schema.ts';
import { parseOrRefuse } from '../../../domain/pipeline/repository-reader.ts';
import { defineRoute } from '../../define-route.ts';

const fault = z.object({ line: z.int(), column: z.int(), path: z.string(), message: z.string() });

export const lintDefinitionRoute = defineRoute({
  method: 'post',
  path: '/api/v1/pipelines/lint',
  tag: 'pipelines',
  operationId: 'lintPipelineDefinition',
  summary: 'Check a .platform.yaml',
  access: { kind: 'authenticated' },
  request: {
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ text: z.string().max(262_144) }) },
      },
    },
  },
  responses: {
    200: {
      description: 'What was found; no faults = it can run',
      content: {
        'application/json': { schema: z.object({ ok: z.boolean(), faults: z.array(fault) }) },
      },
    },
  },
  handler: async (c) => {
    const { userName } = c.get('caller').principal;
    const result = await parseOrRefuse(c.get('services').heavy, c.req.valid('json').text, userName);
    return c.json({ ok: result.ok, faults: result.ok ? [] : result.faults }, 200);
  },
});

export const definitionSchemaRoute = defineRoute({
  method: 'get',
  path: '/schemas/platform.json',
  tag: 'pipelines',
  operationId: 'getPipelineDefinitionSchema',
  summary: 'JSON Schema of .platform.yaml',
  access: { kind: 'public' },
  responses: {
    200: {
      description: 'JSON Schema 2020-12',
      content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
    },
  },
  handler: (c) => c.json(definitionJsonSchema(), 200),
});
