import { defineRoute } from '../../define-route.ts';
import { setSecret } from '../../../domain/secret/set-secret.ts';
import { createSecretBody, projectParams, secretBody, toSecretBody } from './secret-body.ts';

export const createSecretRoute = defineRoute({
  method: 'post',
  path: '/api/v1/projects/{owner}/{project}/secrets',
  tag: 'secrets',
  operationId: 'createProjectSecret',
  summary: 'Create a secret of a project',
  access: { kind: 'permission', permission: 'secret:write', project: 'path' },
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: createSecretBody } } },
  },
  responses: {
    201: { description: 'The secret', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { db, secretBox } = c.get('services');
    const input = {
      ...c.req.valid('json'),
      projectId: c.get('project').id,
      mode: 'create' as const,
    };
    const { secret } = await setSecret(db, secretBox, c.get('caller'), input);
    return c.json(toSecretBody(secret), 201);
  },
});

export const createGlobalSecretRoute = defineRoute({
  method: 'post',
  path: '/api/v1/secrets',
  tag: 'secrets',
  operationId: 'createSecret',
  summary: 'Create a global secret',
  access: { kind: 'permission', permission: 'secret:write', project: 'global' },
  request: {
    body: { required: true, content: { 'application/json': { schema: createSecretBody } } },
  },
  responses: {
    201: { description: 'The secret', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { db, secretBox } = c.get('services');
    const input = { ...c.req.valid('json'), projectId: null, mode: 'create' as const };
    const { secret } = await setSecret(db, secretBox, c.get('caller'), input);
    return c.json(toSecretBody(secret), 201);
  },
});
