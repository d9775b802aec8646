import { z } from '@hono/zod-openapi';
import { listDeliveries } from '../../../domain/notify/list-deliveries.ts';
import {
  pingWebhook,
  redeliverNotification,
  redeliverToWebhook,
} from '../../../domain/notify/redeliver.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import {
  deliveryBody,
  deliveryParams,
  manageAccess,
  webhookParams,
  webhookPath,
} from './webhook-body.ts';

const tag = 'webhooks';
const queued = {
  202: {
    description: 'It is sent by its turn',
    content: { 'application/json': { schema: deliveryBody } },
  },
};

export const listDeliveriesRoute = defineRoute({
  method: 'get',
  path: `${webhookPath}/deliveries`,
  tag,
  operationId: 'listWebhookDeliveries',
  summary: 'What a webhook was sent, newest first; `status=failed` are the dead letters',
  access: manageAccess,
  request: {
    params: webhookParams,
    query: z.strictObject({
      ...pageQuery,
      status: z.enum(['pending', 'sent', 'failed']).optional(),
    }),
  },
  responses: {
    200: {
      description: 'A page of deliveries',
      content: { 'application/json': { schema: pageOf(deliveryBody) } },
    },
  },
  handler: async (c) => {
    const { status, ...query } = c.req.valid('query');
    const of = {
      projectId: c.get('project').id,
      webhookId: c.req.valid('param').id,
      ...(status === undefined ? {} : { status }),
    };
    const page = await listDeliveries(c.get('services').db, of, pageRequest(query));
    return c.json(pageAnswer(page), 200);
  },
});

export const redeliverRoute = defineRoute({
  method: 'post',
  path: `${webhookPath}/deliveries/{deliveryId}/redelivery`,
  tag,
  operationId: 'redeliverWebhookDelivery',
  summary: 'Send a delivery again, with the same id',
  access: manageAccess,
  request: { params: deliveryParams },
  responses: queued,
  handler: async (c) => {
    const { id: webhookId, deliveryId } = c.req.valid('param');
    const which = { projectId: c.get('project').id, webhookId, deliveryId };
    return c.json(await redeliverToWebhook(c.get('services').db, c.get('caller'), which), 202);
  },
});

export const pingWebhookRoute = defineRoute({
  method: 'post',
  path: `${webhookPath}/ping`,
  tag,
  operationId: 'pingWebhook',
  summary: 'Send a webhook a ping',
  access: manageAccess,
  request: { params: webhookParams },
  responses: queued,
  handler: async (c) => {
    const { id } = c.req.valid('param');
    const { db } = c.get('services');
    return c.json(await pingWebhook(db, c.get('caller'), c.get('project').id, id), 202);
  },
});

export const redeliverNotificationRoute = defineRoute({
  method: 'post',
  path: '/api/v1/notifications/{id}/redelivery',
  tag: 'notifications',
  operationId: 'redeliverNotification',
  summary: 'Send one of your notifications again that failed',
  access: { kind: 'account' },
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 202: { description: 'It is sent by its turn' } },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    await redeliverNotification(c.get('services').db, c.get('caller'), id);
    return c.body(null, 202);
  },
});
