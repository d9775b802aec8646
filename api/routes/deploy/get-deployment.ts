import { z } from '@hono/zod-openapi';
import type { Permission } from '../../../contracts/identity/permissions.ts';
import {
  getDeployment,
  getRevision,
  listHistory,
  listRevisions,
  listSyncs,
  projectOfDeployment,
} from '../../../domain/deploy/read-deployments.ts';
import { revisionBefore } from '../../../domain/deploy/revision-before.ts';
import { readRevision } from '../../../domain/deploy/store-revision.ts';
import type { Access } from '../../access.ts';
import { defineRoute } from '../../define-route.ts';
import {
  deploymentBody,
  revisionBody,
  syncBody,
  toDeploymentBody,
  toRevisionBody,
  toSyncBody,
} from './deployment-body.ts';

export const deploymentParams = z.object({ id: z.string().max(64) });

/** A permission on the project that the deployment of the path belongs to. */
export function onDeployment(permission: Permission): Access {
  return {
    kind: 'permission',
    permission,
    project: async (c) => await projectOfDeployment(c.get('services').db, c.req.param('id') ?? ''),
  };
}

export const getDeploymentRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{id}',
  tag: 'deployments',
  operationId: 'getDeployment',
  summary: 'One environment of a project',
  access: onDeployment('deploy:read'),
  record: { table: 'deployments' },
  request: { params: deploymentParams },
  responses: {
    200: {
      description: 'The deployment',
      content: { 'application/json': { schema: deploymentBody } },
    },
  },
  handler: async (c) => {
    const row = await getDeployment(c.get('services').db, c.req.valid('param').id);
    return c.json(toDeploymentBody(row), 200);
  },
});

const historyItem = z
  .object({
    id: z.string(),
    action: z.enum(['deploy', 'rollback', 'stop', 'scale']),
    status: z.enum(['success', 'failure']),
    imageRef: z.string(),
    opsRepoSha: z.string().nullable(),
    revisionNumber: z.int().nullable(),
    changeId: z.string().nullable(),
    syncId: z.string().nullable(),
    deployedBy: z.string().nullable(),
    deployedByName: z.string().nullable(),
    message: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .openapi('DeploymentHistory');

export const listHistoryRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{id}/history',
  tag: 'deployments',
  operationId: 'listDeploymentHistory',
  summary: 'What was deployed, rolled back, stopped and scaled, newest first',
  access: onDeployment('deploy:read'),
  request: {
    params: deploymentParams,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(100).default(30),
      cursor: z
        .string()
        .regex(/^dph_[0-9a-z]{26}$/, 'a cursor of this list')
        .optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of history',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(historyItem), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const page = await listHistory(c.get('services').db, c.req.valid('param').id, {
      limit,
      after: cursor ?? null,
    });
    const items = page.items.map(({ deployer, deploymentId: _, ...row }) => ({
      ...row,
      action: row.action as z.output<typeof historyItem>['action'],
      status: row.status as z.output<typeof historyItem>['status'],
      deployedByName: deployer?.name ?? null,
      createdAt: row.createdAt.toISOString(),
    }));
    return c.json({ items, nextCursor: page.next }, 200);
  },
});

const revisionList = z.object({
  items: z.array(revisionBody),
  before: z.int().nullable().openapi({
    description: 'where a rollback leads that names no revision; null: nowhere',
  }),
});

export const listRevisionsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{id}/revisions',
  tag: 'deployments',
  operationId: 'listDeploymentRevisions',
  summary: 'Revisions that are kept, and those in quarantine',
  access: onDeployment('deploy:read'),
  request: { params: deploymentParams },
  responses: {
    200: {
      description: 'The revisions',
      content: { 'application/json': { schema: revisionList } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const deployment = await getDeployment(db, c.req.valid('param').id);
    const rows = await listRevisions(db, deployment.id);
    const before = await revisionBefore(db, deployment);
    return c.json({ items: rows.map(toRevisionBody), before: before?.number ?? null }, 200);
  },
});

export const getRevisionManifestsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{id}/revisions/{number}/manifests',
  tag: 'deployments',
  operationId: 'getDeploymentRevisionManifests',
  summary: 'The rendered manifests of a revision; secrets are references in them',
  access: onDeployment('deploy:read'),
  request: { params: deploymentParams.extend({ number: z.coerce.number().int().min(1) }) },
  responses: {
    200: {
      description: 'The manifests',
      content: {
        'application/json': {
          schema: z.object({ items: z.array(z.record(z.string(), z.unknown())) }),
        },
      },
    },
  },
  handler: async (c) => {
    const { db, objectStore } = c.get('services');
    const { id, number } = c.req.valid('param');
    const items = await readRevision(objectStore, await getRevision(db, id, number));
    return c.json({ items }, 200);
  },
});

export const listSyncsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments/{id}/syncs',
  tag: 'deployments',
  operationId: 'listDeploymentSyncs',
  summary: 'The newest syncs with their waves',
  access: onDeployment('deploy:read'),
  request: {
    params: deploymentParams,
    query: z.strictObject({ limit: z.coerce.number().int().min(1).max(50).default(10) }),
  },
  responses: {
    200: {
      description: 'The syncs, newest first',
      content: { 'application/json': { schema: z.object({ items: z.array(syncBody) }) } },
    },
  },
  handler: async (c) => {
    const rows = await listSyncs(
      c.get('services').db,
      c.req.valid('param').id,
      c.req.valid('query').limit,
    );
    return c.json({ items: rows.map(toSyncBody) }, 200);
  },
});
