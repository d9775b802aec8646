import { z } from '@hono/zod-openapi';
import { DomainError } from '../../../contracts/problems.ts';
import { createToken } from '../../../domain/identity/manage-tokens.ts';
import { defineRoute } from '../../define-route.ts';

/** Long enough for one push; the token is of no use afterwards. */
const TOKEN_LIFE_MS = 5 * 60_000;

export const startDemoRoute = defineRoute({
  method: 'post',
  path: '/api/v1/demo',
  tag: 'projects',
  operationId: 'startDemo',
  summary: 'Make the sample project, push it and start its pipeline',
  access: { kind: 'permission', permission: 'project:write', project: 'global' },
  responses: {
    201: {
      description: 'The sample is pushed and its pipeline starts',
      content: {
        'application/json': {
          schema: z.object({
            project: z.object({ owner: z.string(), name: z.string() }),
            pipelineId: z.string(),
          }),
        },
      },
    },
  },
  handler: async (c) => {
    const { db, startDemo } = c.get('services');
    if (startDemo === undefined)
      throw new DomainError('unavailable', 'The sample is not part of this installation.');
    const { token } = await createToken(db, c.get('caller'), {
      name: 'sample project',
      scopes: ['project:*', 'pipeline:*'],
      projectId: null,
      expiresAt: new Date(Date.now() + TOKEN_LIFE_MS).toISOString(),
    });
    const { owner, name, pipelineId } = await startDemo(token, c.get('caller').principal.userId);
    return c.json({ project: { owner, name }, pipelineId }, 201);
  },
});
