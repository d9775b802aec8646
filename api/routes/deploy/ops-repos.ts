import { z } from '@hono/zod-openapi';
import {
  createOpsRepo,
  deleteOpsRepo,
  getOpsRepo,
  listOpsRepos,
  requestFetch,
  updateOpsRepo,
} from '../../../domain/deploy/manage-ops-repos.ts';
import { type AddressRules, isForeign } from '../../../domain/deploy/ops-repo-address.ts';
import type { OpsRepo } from '../../../prisma/generated/client.ts';
import type { Context } from 'hono';
import { defineRoute } from '../../define-route.ts';
import type { AppEnv } from '../../env.ts';
import { publicUrl } from '../../problems/problem-body.ts';

const opsRepoBody = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['hosted', 'foreign']),
    repoUrl: z.string(),
    branch: z.string(),
    path: z.string(),
    syncIntervalS: z.int(),
    deployments: z.int(),
    credentialSecret: z.string().nullable(),
    headSha: z.string().nullable(),
    fetchedAt: z.iso.datetime().nullable(),
    triedAt: z.iso.datetime().nullable(),
    fetchError: z.string().nullable(),
    createdAt: z.iso.datetime(),
  })
  .openapi('OpsRepo');

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, . _ -');
const fields = {
  repoUrl: z.string().min(1).max(512),
  branch: z.string().min(1).max(256),
  path: z.string().max(512),
  syncIntervalS: z.int().min(5).max(86_400),
  credentialSecret: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'the name of a global secret')
    .nullable(),
};
const createBody = z.strictObject({
  name,
  repoUrl: fields.repoUrl,
  branch: fields.branch.default('main'),
  path: fields.path.default('/'),
  syncIntervalS: fields.syncIntervalS.default(60),
  credentialSecret: fields.credentialSecret.default(null),
});
const updateBody = z.strictObject(z.object({ name, ...fields }).partial().shape);
const params = z.object({ id: z.string().max(64) });
const reads = { kind: 'permission', permission: 'deploy:read', project: 'global' } as const;
const writes = { kind: 'permission', permission: 'deploy:write', project: 'global' } as const;

function toBody(repo: OpsRepo & { deployments?: unknown[] }): z.output<typeof opsRepoBody> {
  return {
    id: repo.id,
    name: repo.name,
    kind: isForeign(repo.repoUrl) ? 'foreign' : 'hosted',
    repoUrl: repo.repoUrl,
    branch: repo.branch,
    path: repo.path,
    syncIntervalS: repo.syncIntervalS,
    deployments: repo.deployments?.length ?? 0,
    credentialSecret: repo.credentialSecret,
    headSha: repo.headSha,
    fetchedAt: repo.fetchedAt?.toISOString() ?? null,
    triedAt: repo.triedAt?.toISOString() ?? null,
    fetchError: repo.fetchError,
    createdAt: repo.createdAt.toISOString(),
  };
}

function rulesOf(c: Context<AppEnv>): AddressRules {
  return { publicUrl: publicUrl(c), hosts: c.get('services').hostRules };
}

const answer = (description: string) => ({
  description,
  content: { 'application/json': { schema: opsRepoBody } },
});

export const listOpsReposRoute = defineRoute({
  method: 'get',
  path: '/api/v1/ops-repos',
  tag: 'deployments',
  operationId: 'listOpsRepos',
  summary: 'Ops repositories that the deployer follows',
  access: reads,
  request: {},
  responses: {
    200: {
      description: 'The ops repositories',
      content: { 'application/json': { schema: z.object({ items: z.array(opsRepoBody) }) } },
    },
  },
  handler: async (c) =>
    c.json({ items: (await listOpsRepos(c.get('services').db)).map(toBody) }, 200),
});

export const getOpsRepoRoute = defineRoute({
  method: 'get',
  path: '/api/v1/ops-repos/{id}',
  tag: 'deployments',
  operationId: 'getOpsRepo',
  summary: 'An ops repository',
  access: reads,
  record: { table: 'ops_repos' },
  request: { params },
  responses: { 200: answer('The ops repository') },
  handler: async (c) =>
    c.json(toBody(await getOpsRepo(c.get('services').db, c.req.valid('param').id)), 200),
});

export const createOpsRepoRoute = defineRoute({
  method: 'post',
  path: '/api/v1/ops-repos',
  tag: 'deployments',
  operationId: 'createOpsRepo',
  summary: 'Follow an ops repository',
  access: writes,
  request: { body: { required: true, content: { 'application/json': { schema: createBody } } } },
  responses: { 201: answer('The ops repository') },
  handler: async (c) => {
    const { db } = c.get('services');
    const made = await createOpsRepo(db, c.get('caller'), c.req.valid('json'), rulesOf(c));
    return c.json(toBody(made), 201);
  },
});

export const updateOpsRepoRoute = defineRoute({
  method: 'patch',
  path: '/api/v1/ops-repos/{id}',
  tag: 'deployments',
  operationId: 'updateOpsRepo',
  summary: 'Change an ops repository',
  access: writes,
  request: {
    params,
    body: { required: true, content: { 'application/json': { schema: updateBody } } },
  },
  responses: { 200: answer('The ops repository') },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    await updateOpsRepo(db, c.get('caller'), id, c.req.valid('json'), rulesOf(c));
    return c.json(toBody(await getOpsRepo(db, id)), 200);
  },
});

export const fetchOpsRepoRoute = defineRoute({
  method: 'post',
  path: '/api/v1/ops-repos/{id}/fetch',
  tag: 'deployments',
  operationId: 'fetchOpsRepo',
  summary: 'Fetch a foreign ops repository now',
  description: 'It is fetched within seconds; `triedAt` says when that was done, `fetchError` how.',
  access: writes,
  request: { params },
  responses: { 202: answer('The ops repository, which is due now') },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    await requestFetch(db, c.get('caller'), id);
    return c.json(toBody(await getOpsRepo(db, id)), 202);
  },
});

export const deleteOpsRepoRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/ops-repos/{id}',
  tag: 'deployments',
  operationId: 'deleteOpsRepo',
  summary: 'Follow an ops repository no longer',
  access: writes,
  request: { params },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { db, mirrors } = c.get('services');
    await deleteOpsRepo({ db, mirrors }, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
