import { z } from '@hono/zod-openapi';
import { environments } from '../../../contracts/deploy/types.ts';
import { listDeployments } from '../../../domain/deploy/read-deployments.ts';
import { projectsWithVisibleDeployments } from '../../../domain/deploy/visible-deployments.ts';
import { defineRoute } from '../../define-route.ts';
import { deploymentBody, toDeploymentBody } from './deployment-body.ts';

const list = z.object({ items: z.array(deploymentBody) });
const query = z.strictObject({ environment: z.enum(environments).optional() });

export const listDeploymentsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/deployments',
  tag: 'deployments',
  operationId: 'listDeployments',
  summary:
    'What runs where: every environment of every project that you may see; previews are asked for by name',
  access: { kind: 'authenticated' },
  request: { query },
  responses: {
    200: { description: 'The environments', content: { 'application/json': { schema: list } } },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const ids = await projectsWithVisibleDeployments(db, c.get('caller').principal);
    const { environment } = c.req.valid('query');
    const of = environment === 'preview' ? 'previews' : 'environments';
    const rows = (await listDeployments(db, ids, of)).filter(
      (row) => environment === undefined || row.environment === environment,
    );
    return c.json({ items: rows.map(toDeploymentBody) }, 200);
  },
});

export const listProjectDeploymentsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/deployments',
  tag: 'deployments',
  operationId: 'listProjectDeployments',
  summary: 'Lasting environments of a project; previews are with their merge requests',
  access: { kind: 'permission', permission: 'deploy:read', project: 'path' },
  request: { params: z.object({ owner: z.string(), project: z.string() }) },
  responses: {
    200: { description: 'The environments', content: { 'application/json': { schema: list } } },
  },
  handler: async (c) => {
    const rows = await listDeployments(c.get('services').db, [c.get('project').id]);
    return c.json({ items: rows.map(toDeploymentBody) }, 200);
  },
});
