import { z } from '@hono/zod-openapi';
import { previewEndReasons, previewStates } from '../../../contracts/deploy/preview.ts';
import type { Caller } from '../../../contracts/identity/principal.ts';
import { renewPreview, stopPreview } from '../../../domain/deploy/command-preview.ts';
import { readPreview } from '../../../domain/deploy/read-preview.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { defineRoute, type DefinedRoute } from '../../define-route.ts';
import { jsonResponse } from '../git/browse-schemas.ts';
import { mergeRequestParams, mergeRequestPath, writeAccess } from './review-body.ts';

const previewBody = z
  .object({
    state: z.enum(previewStates),
    reason: z.string().nullable(),
    endReason: z.enum(previewEndReasons).nullable(),
    deploymentId: z.string().nullable(),
    commitSha: z.string().nullable(),
    addresses: z.array(z.object({ service: z.string(), port: z.int(), url: z.string() })),
    pipeline: z.object({ id: z.string(), number: z.int(), status: z.string() }).nullable(),
    expiresAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    secrets: z.array(
      z.object({
        name: z.string(),
        version: z.int(),
        grantedAt: z.iso.datetime(),
        endedAt: z.iso.datetime().nullable(),
      }),
    ),
  })
  .openapi('Preview');

const getPreviewRoute = defineRoute({
  method: 'get',
  path: `${mergeRequestPath}/preview`,
  tag: 'merge requests',
  operationId: 'getPreview',
  summary: 'The preview of a merge request; state `none` where its definition asks for none',
  access: { kind: 'permission', permission: 'deploy:read', project: 'path' },
  request: { params: mergeRequestParams },
  responses: jsonResponse('The preview', previewBody),
  handler: async (c) => {
    const { number } = c.req.valid('param');
    const { db } = c.get('services');
    return c.json(await readPreview(db, { projectId: c.get('project').id, number }), 200);
  },
});

function commandRoute(
  word: 'stop' | 'renew',
  summary: string,
  run: (
    db: PrismaClient,
    caller: Caller,
    input: { projectId: string; number: number },
  ) => Promise<void>,
): DefinedRoute {
  return defineRoute({
    method: 'post',
    path: `${mergeRequestPath}/preview/${word}` as `${typeof mergeRequestPath}/preview/stop`,
    tag: 'merge requests',
    operationId: `${word}Preview`,
    summary,
    access: writeAccess,
    request: { params: mergeRequestParams },
    responses: {
      202: {
        description: 'Asked of its workflow; events tell when it is done',
        content: { 'application/json': { schema: previewBody } },
      },
    },
    handler: async (c) => {
      const { number } = c.req.valid('param');
      const { db } = c.get('services');
      const input = { projectId: c.get('project').id, number };
      await run(db, c.get('caller'), input);
      return c.json(await readPreview(db, input), 202);
    },
  });
}

export const previewRoutes: readonly DefinedRoute[] = [
  getPreviewRoute,
  commandRoute(
    'stop',
    'End the preview of an open merge request; a push or a renewal brings it back',
    stopPreview,
  ),
  commandRoute(
    'renew',
    'Give a preview its whole time again, and bring one back that is gone',
    renewPreview,
  ),
];
