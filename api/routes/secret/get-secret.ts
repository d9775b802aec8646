import { defineRoute } from '../../define-route.ts';
import { getSecret } from '../../../domain/secret/get-secret.ts';
import { globalSecretParams, secretBody, secretParams, toSecretBody } from './secret-body.ts';

export const getSecretRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/secrets/{name}',
  tag: 'secrets',
  operationId: 'getProjectSecret',
  summary: 'One secret of a project, without its value',
  access: { kind: 'permission', permission: 'secret:read', project: 'path' },
  record: { table: 'secrets' },
  request: { params: secretParams },
  responses: {
    200: { description: 'The secret', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { name } = c.req.valid('param');
    const secret = await getSecret(
      c.get('services').db,
      c.get('caller'),
      c.get('project').id,
      name,
    );
    return c.json(toSecretBody(secret), 200);
  },
});

export const getGlobalSecretRoute = defineRoute({
  method: 'get',
  path: '/api/v1/secrets/{name}',
  tag: 'secrets',
  operationId: 'getSecret',
  summary: 'One global secret, without its value',
  access: { kind: 'permission', permission: 'secret:read', project: 'global' },
  record: { table: 'secrets' },
  request: { params: globalSecretParams },
  responses: {
    200: { description: 'The secret', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { name } = c.req.valid('param');
    const secret = await getSecret(c.get('services').db, c.get('caller'), null, name);
    return c.json(toSecretBody(secret), 200);
  },
});
