import { defineRoute } from '../../define-route.ts';
import { setSecret } from '../../../domain/secret/set-secret.ts';
import {
  globalSecretParams,
  secretBody,
  secretParams,
  setSecretBody,
  toSecretBody,
} from './secret-body.ts';

export const setSecretRoute = defineRoute({
  method: 'put',
  path: '/api/v1/projects/{owner}/{project}/secrets/{name}',
  tag: 'secrets',
  operationId: 'setProjectSecret',
  summary: 'Set a secret of a project: create it, or give it its next version',
  access: { kind: 'permission', permission: 'secret:write', project: 'path' },
  request: {
    params: secretParams,
    body: { required: true, content: { 'application/json': { schema: setSecretBody } } },
  },
  responses: {
    200: {
      description: 'Its next version',
      content: { 'application/json': { schema: secretBody } },
    },
    201: { description: 'It is new', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { db, secretBox } = c.get('services');
    const { name } = c.req.valid('param');
    const input = {
      ...c.req.valid('json'),
      name,
      projectId: c.get('project').id,
      mode: 'set' as const,
    };
    const { secret, isNew } = await setSecret(db, secretBox, c.get('caller'), input);
    return c.json(toSecretBody(secret), isNew ? 201 : 200);
  },
});

export const setGlobalSecretRoute = defineRoute({
  method: 'put',
  path: '/api/v1/secrets/{name}',
  tag: 'secrets',
  operationId: 'setSecret',
  summary: 'Set a global secret: create it, or give it its next version',
  access: { kind: 'permission', permission: 'secret:write', project: 'global' },
  request: {
    params: globalSecretParams,
    body: { required: true, content: { 'application/json': { schema: setSecretBody } } },
  },
  responses: {
    200: {
      description: 'Its next version',
      content: { 'application/json': { schema: secretBody } },
    },
    201: { description: 'It is new', content: { 'application/json': { schema: secretBody } } },
  },
  handler: async (c) => {
    const { db, secretBox } = c.get('services');
    const { name } = c.req.valid('param');
    const input = { ...c.req.valid('json'), name, projectId: null, mode: 'set' as const };
    const { secret, isNew } = await setSecret(db, secretBox, c.get('caller'), input);
    return c.json(toSecretBody(secret), isNew ? 201 : 200);
  },
});
