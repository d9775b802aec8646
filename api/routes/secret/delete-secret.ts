import { defineRoute } from '../../define-route.ts';
import { deleteSecret } from '../../../domain/secret/delete-secret.ts';
import { globalSecretParams, secretParams } from './secret-body.ts';

export const deleteSecretRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/projects/{owner}/{project}/secrets/{name}',
  tag: 'secrets',
  operationId: 'deleteProjectSecret',
  summary: 'Delete a secret of a project with all its versions',
  access: { kind: 'permission', permission: 'secret:delete', project: 'path' },
  request: { params: secretParams },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { name } = c.req.valid('param');
    await deleteSecret(c.get('services').db, c.get('caller'), c.get('project').id, name);
    return c.body(null, 204);
  },
});

export const deleteGlobalSecretRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/secrets/{name}',
  tag: 'secrets',
  operationId: 'deleteSecret',
  summary: 'Delete a global secret with all its versions',
  access: { kind: 'permission', permission: 'secret:delete', project: 'global' },
  request: { params: globalSecretParams },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { name } = c.req.valid('param');
    await deleteSecret(c.get('services').db, c.get('caller'), null, name);
    return c.body(null, 204);
  },
});
