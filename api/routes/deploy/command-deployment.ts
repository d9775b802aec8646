import { z } from '@hono/zod-openapi';
import { environments } from '../../../contracts/deploy/types.ts';
import type { Caller } from '../../../contracts/identity/principal.ts';
import { abortDeployment } from '../../../domain/deploy/abort-deployment.ts';
import {
  pauseDeployment,
  rollBackDeployment,
  scaleDeployment,
  startDeployment,
  stopDeployment,
  syncDeployment,
} from '../../../domain/deploy/command-deployment.ts';
import { promoteDeployment } from '../../../domain/deploy/promote-deployment.ts';
import { retryDeployment } from '../../../domain/deploy/retry-deployment.ts';
import { getDeployment } from '../../../domain/deploy/read-deployments.ts';
import type { PrismaClient } from '../../../prisma/generated/client.ts';
import { defineRoute, type DefinedRoute } from '../../define-route.ts';
import { deploymentBody, toDeploymentBody } from './deployment-body.ts';
import { deploymentParams, onDeployment } from './get-deployment.ts';

const noBody = z.strictObject({});

/** A change of the desired state, which the deployment's own workflow syncs. Answers the deployment as it is desired now. */
function commandRoute<Body extends z.ZodType>(options: {
  command: string;
  operationId: string;
  summary: string;
  body: Body;
  run: (
    db: PrismaClient,
    caller: Caller,
    deploymentId: string,
    body: z.output<Body>,
  ) => Promise<{ id: string } | undefined>;
}): DefinedRoute {
  const { command, operationId, summary, run } = options;
  // The route's own types cannot follow a schema that is still open here.
  const body: z.ZodType = options.body;
  return defineRoute({
    method: 'post',
    path: `/api/v1/deployments/{id}/${command}` as '/api/v1/deployments/{id}/sync',
    tag: 'deployments',
    operationId,
    summary,
    access: onDeployment('deploy:promote'),
    request: {
      params: deploymentParams,
      body: { required: false, content: { 'application/json': { schema: body } } },
    },
    responses: {
      202: {
        description: 'Asked of the deployer; events tell when it is done',
        content: { 'application/json': { schema: deploymentBody } },
      },
    },
    handler: async (c) => {
      const { db } = c.get('services');
      const { id } = c.req.valid('param');
      const given = options.body.parse(c.req.valid('json') ?? {});
      const made = await run(db, c.get('caller'), id, given);
      return c.json(toDeploymentBody(await getDeployment(db, made?.id ?? id)), 202);
    },
  });
}

const reason = z.string().max(500).optional();

export const deploymentCommandRoutes: readonly DefinedRoute[] = [
  commandRoute({
    command: 'sync',
    operationId: 'syncDeployment',
    summary: 'Apply what is desired once more, without a build',
    body: noBody,
    run: (db, caller, id) => syncDeployment(db, caller, id),
  }),
  commandRoute({
    command: 'retry',
    operationId: 'retryDeployment',
    summary: 'Try what failed last once more, now; a bad revision leaves its quarantine for it',
    body: z.strictObject({ reason }),
    run: (db, caller, deploymentId, body) =>
      retryDeployment(db, caller, { deploymentId, reason: body.reason ?? null }),
  }),
  commandRoute({
    command: 'rollback',
    operationId: 'rollbackDeployment',
    summary: 'Go back to an earlier good revision; no pipeline runs again',
    body: z.strictObject({ revision: z.int().min(1).optional(), reason }),
    run: (db, caller, deploymentId, body) =>
      rollBackDeployment(db, caller, {
        deploymentId,
        revision: body.revision ?? null,
        reason: body.reason ?? null,
      }),
  }),
  commandRoute({
    command: 'promote',
    operationId: 'promoteDeployment',
    summary: 'Deploy exactly what serves here to another environment',
    body: z.strictObject({ to: z.enum(environments).default('production') }),
    run: (db, caller, deploymentId, { to }) => promoteDeployment(db, caller, { deploymentId, to }),
  }),
  commandRoute({
    command: 'stop',
    operationId: 'stopDeployment',
    summary: 'Take the application down; what it needs stays',
    body: noBody,
    run: (db, caller, id) => stopDeployment(db, caller, id),
  }),
  commandRoute({
    command: 'start',
    operationId: 'startDeployment',
    summary: 'Bring a stopped application up again',
    body: noBody,
    run: (db, caller, id) => startDeployment(db, caller, id),
  }),
  commandRoute({
    command: 'scale',
    operationId: 'scaleDeployment',
    summary:
      'Set how many replicas run of what has the image of the deployment (where nothing has, of its Deployments); 0 stops everything, null gives it back to the manifests',
    body: z.strictObject({ replicas: z.int().min(0).max(1000).nullable() }),
    run: (db, caller, deploymentId, { replicas }) =>
      scaleDeployment(db, caller, { deploymentId, replicas }),
  }),
  commandRoute({
    command: 'pause',
    operationId: 'pauseDeployment',
    summary: 'Hold the rollout before its next wave, and heal nothing',
    body: z.strictObject({ reason }),
    run: (db, caller, deploymentId, { reason: why }) =>
      pauseDeployment(db, caller, { deploymentId, paused: true, reason: why ?? null }),
  }),
  commandRoute({
    command: 'resume',
    operationId: 'resumeDeployment',
    summary: 'Go on from where it was paused',
    body: z.strictObject({ reason }),
    run: (db, caller, deploymentId, { reason: why }) =>
      pauseDeployment(db, caller, { deploymentId, paused: false, reason: why ?? null }),
  }),
  commandRoute({
    command: 'abort',
    operationId: 'abortDeployment',
    summary: 'Have the rollout that runs now undone',
    body: z.strictObject({ reason }),
    run: async (db, caller, deploymentId, body) => {
      await abortDeployment(db, caller, { deploymentId, reason: body.reason ?? null });
      return undefined;
    },
  }),
];
