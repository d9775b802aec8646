import { z } from '@hono/zod-openapi';
import { notificationTypes } from '../../../contracts/notify/types.ts';
import { markAllRead, markRead } from '../../../domain/notify/mark-read.ts';
import { defineRoute } from '../../define-route.ts';
import { notificationBody } from './notification-body.ts';

export const markReadRoute = defineRoute({
  method: 'post',
  path: '/api/v1/notifications/{id}/read',
  tag: 'notifications',
  operationId: 'markNotificationRead',
  summary: 'Mark one of your notifications as read',
  access: { kind: 'account' },
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: {
    200: {
      description: 'It is read',
      content: { 'application/json': { schema: notificationBody } },
    },
  },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await markRead(c.get('services').db, c.get('caller').principal, id), 200);
  },
});

export const markAllReadRoute = defineRoute({
  method: 'post',
  path: '/api/v1/notifications/read',
  tag: 'notifications',
  operationId: 'markNotificationsRead',
  summary: 'Mark all of your notifications as read, or those of one type',
  access: { kind: 'account' },
  request: {
    body: {
      required: false,
      content: {
        'application/json': {
          schema: z.strictObject({ type: z.enum(notificationTypes).optional() }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'How many were unread',
      content: { 'application/json': { schema: z.object({ marked: z.int() }) } },
    },
  },
  handler: async (c) => {
    const { principal } = c.get('caller');
    const marked = await markAllRead(c.get('services').db, principal, c.req.valid('json') ?? {});
    return c.json({ marked }, 200);
  },
});
