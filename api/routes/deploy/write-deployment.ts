import { z } from '@hono/zod-openapi';
import { targetKinds } from '../../../contracts/deploy/target.ts';
import { environments } from '../../../contracts/deploy/types.ts';
import { deleteDeployment } from '../../../domain/deploy/command-deployment.ts';
import { createDeployment, updateDeployment } from '../../../domain/deploy/manage-deployments.ts';
import { getDeployment } from '../../../domain/deploy/read-deployments.ts';
import { defineRoute } from '../../define-route.ts';
import { deploymentBody, toDeploymentBody } from './deployment-body.ts';
import { deploymentParams, onDeployment } from './get-deployment.ts';

const settings = {
  imageRef: z.string().min(1).max(512),
  opsRepoId: z.string().max(64).nullable(),
  manifestPath: z.string().min(1).max(512).nullable(),
  valuesOverride: z.record(z.string(), z.unknown()).nullable(),
  commitSha: z.string().regex(/^[0-9a-f]{40}$/, 'a full commit id'),
  approvals: z.int().min(0).max(20),
  bakeSeconds: z.int().min(0).max(86_400),
  healthTimeoutSeconds: z.int().min(1).max(86_400),
  selfHeal: z.boolean(),
  prune: z.boolean(),
};

const { imageRef, ...optional } = settings;
const createBody = z
  .strictObject({
    environment: z.enum(environments).default('production'),
    target: z.enum(targetKinds).default('local'),
    imageRef,
    ...z.object(optional).partial().shape,
  })
  .openapi('CreateDeployment');
const updateBody = z
  .strictObject({
    ...z.object(settings).partial().shape,
    clusterScope: z.boolean().optional().openapi({
      description: 'Whether its manifests may hold kinds of the whole cluster; needs admin:manage',
    }),
  })
  .openapi('UpdateDeployment');

export const createDeploymentRoute = defineRoute({
  method: 'post',
  path: '/api/v1/projects/{owner}/{project}/deployments',
  tag: 'deployments',
  operationId: 'createDeployment',
  summary: 'Set up an environment of a project',
  access: { kind: 'permission', permission: 'deploy:write', project: 'path' },
  request: {
    params: z.object({ owner: z.string(), project: z.string() }),
    body: { required: true, content: { 'application/json': { schema: createBody } } },
  },
  responses: {
    201: {
      description: 'The deployment; its first sync begins by itself',
      content: { 'application/json': { schema: deploymentBody } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const made = await createDeployment(db, c.get('caller'), {
      ...c.req.valid('json'),
      projectId: c.get('project').id,
    });
    return c.json(toDeploymentBody(await getDeployment(db, made.id)), 201);
  },
});

export const updateDeploymentRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/deployments/{id}',
  tag: 'deployments',
  operationId: 'updateDeployment',
  summary: 'Change image, values or settings of an environment',
  access: onDeployment('deploy:write'),
  request: {
    params: deploymentParams,
    body: { required: true, content: { 'application/json': { schema: updateBody } } },
  },
  responses: {
    200: {
      description: 'The deployment',
      content: { 'application/json': { schema: deploymentBody } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    await updateDeployment(db, c.get('caller'), id, c.req.valid('json'));
    return c.json(toDeploymentBody(await getDeployment(db, id)), 200);
  },
});

export const deleteDeploymentRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/deployments/{id}',
  tag: 'deployments',
  operationId: 'deleteDeployment',
  summary: 'Take an environment down and remove it',
  access: onDeployment('deploy:write'),
  request: { params: deploymentParams },
  responses: {
    202: {
      description: 'It is being removed; its events tell when it is gone',
      content: { 'application/json': { schema: z.object({ accepted: z.literal(true) }) } },
    },
  },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await deleteDeployment(c.get('services').db, c.get('caller'), id);
    return c.json({ accepted: true as const }, 202);
  },
});
