import { defineRoute } from '../../define-route.ts';
import { listSecrets } from '../../../domain/secret/list-secrets.ts';
import { listSecretsQuery, projectParams, secretPage, toSecretBody } from './secret-body.ts';

export const listSecretsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/secrets',
  tag: 'secrets',
  operationId: 'listProjectSecrets',
  summary: 'Secrets of a project: names and versions, never values',
  access: { kind: 'permission', permission: 'secret:read', project: 'path' },
  request: { params: projectParams, query: listSecretsQuery },
  responses: {
    200: {
      description: 'A page of secrets',
      content: { 'application/json': { schema: secretPage } },
    },
  },
  handler: async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor ?? null;
    const page = await listSecrets(c.get('services').db, c.get('caller'), c.get('project').id, {
      limit,
      after,
    });
    return c.json({ items: page.items.map(toSecretBody), nextCursor: page.next }, 200);
  },
});

export const listGlobalSecretsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/secrets',
  tag: 'secrets',
  operationId: 'listSecrets',
  summary: 'Global secrets: names and versions, never values',
  access: { kind: 'permission', permission: 'secret:read', project: 'global' },
  request: { query: listSecretsQuery },
  responses: {
    200: {
      description: 'A page of secrets',
      content: { 'application/json': { schema: secretPage } },
    },
  },
  handler: async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const after = cursor ?? null;
    const page = await listSecrets(c.get('services').db, c.get('caller'), null, { limit, after });
    return c.json({ items: page.items.map(toSecretBody), nextCursor: page.next }, 200);
  },
});
