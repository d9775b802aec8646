import { z } from '@hono/zod-openapi';
import {
  createWebhook,
  deleteWebhook,
  findWebhook,
  getWebhook,
  listWebhooks,
  updateWebhook,
} from '../../../domain/notify/manage-webhooks.ts';
import { signingSecret } from '../../../domain/notify/sign-webhook.ts';
import { defineRoute } from '../../define-route.ts';
import {
  createWebhookBody,
  manageAccess,
  projectParams,
  updateWebhookBody,
  webhookBody,
  webhookParams,
  webhookPath,
  webhooksPath,
} from './webhook-body.ts';

const tag = 'webhooks';
const answer = { content: { 'application/json': { schema: webhookBody } } };

export const listWebhooksRoute = defineRoute({
  method: 'get',
  path: webhooksPath,
  tag,
  operationId: 'listWebhooks',
  summary: 'Webhooks of a project, each with its last delivery',
  access: manageAccess,
  request: { params: projectParams },
  responses: {
    200: {
      description: 'All of them',
      content: { 'application/json': { schema: z.object({ items: z.array(webhookBody) }) } },
    },
  },
  handler: async (c) =>
    c.json({ items: await listWebhooks(c.get('services').db, c.get('project').id) }, 200),
});

export const getWebhookRoute = defineRoute({
  method: 'get',
  path: webhookPath,
  tag,
  operationId: 'getWebhook',
  summary: 'One webhook',
  access: manageAccess,
  record: { table: 'webhooks' },
  request: { params: webhookParams },
  responses: { 200: { description: 'The webhook', ...answer } },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await getWebhook(c.get('services').db, c.get('project').id, id), 200);
  },
});

export const createWebhookRoute = defineRoute({
  method: 'post',
  path: webhooksPath,
  tag,
  operationId: 'createWebhook',
  summary: 'Send events of a project to an address',
  access: manageAccess,
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: createWebhookBody } } },
  },
  responses: { 201: { description: 'The webhook', ...answer } },
  handler: async (c) => {
    const { db } = c.get('services');
    const input = c.req.valid('json');
    return c.json(await createWebhook(db, c.get('caller'), c.get('project').id, input), 201);
  },
});

export const updateWebhookRoute = defineRoute({
  method: 'patch',
  path: webhookPath,
  tag,
  operationId: 'updateWebhook',
  summary: 'Change a webhook, or switch it on or off',
  access: manageAccess,
  request: {
    params: webhookParams,
    body: { required: true, content: { 'application/json': { schema: updateWebhookBody } } },
  },
  responses: { 200: { description: 'The webhook', ...answer } },
  handler: async (c) => {
    const { db } = c.get('services');
    const { id } = c.req.valid('param');
    const input = c.req.valid('json');
    return c.json(await updateWebhook(db, c.get('caller'), c.get('project').id, id, input), 200);
  },
});

export const deleteWebhookRoute = defineRoute({
  method: 'delete',
  path: webhookPath,
  tag,
  operationId: 'deleteWebhook',
  summary: 'Remove a webhook with its deliveries',
  access: manageAccess,
  request: { params: webhookParams },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await deleteWebhook(c.get('services').db, c.get('caller'), c.get('project').id, id);
    return c.body(null, 204);
  },
});

export const getSigningSecretRoute = defineRoute({
  method: 'get',
  path: `${webhookPath}/signing-secret`,
  tag,
  operationId: 'getWebhookSigningSecret',
  summary: 'The key that signs what a webhook is sent, while it names no project secret',
  access: manageAccess,
  request: { params: webhookParams },
  responses: {
    200: {
      description: 'For the receiver, who checks signatures with it',
      content: { 'application/json': { schema: z.object({ signingSecret: z.string() }) } },
    },
  },
  handler: async (c) => {
    const { db, secretBox } = c.get('services');
    const { id } = await findWebhook(db, c.get('project').id, c.req.valid('param').id);
    return c.json({ signingSecret: signingSecret(secretBox, id) }, 200);
  },
});
