import { z } from '@hono/zod-openapi';
import { notificationChannels, notificationTypes } from '../../../contracts/notify/types.ts';
import { countUnread, listNotifications } from '../../../domain/notify/list-notifications.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { notificationBody } from './notification-body.ts';

export const listNotificationsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/notifications',
  tag: 'notifications',
  operationId: 'listNotifications',
  summary: 'Your own notifications, newest first',
  access: { kind: 'account' },
  request: {
    query: z.strictObject({
      ...pageQuery,
      unread: z
        .enum(['true', 'false'])
        .default('false')
        .transform((word) => word === 'true'),
      type: z.enum(notificationTypes).optional(),
      channel: z.enum(notificationChannels).default('in_app'),
    }),
  },
  responses: {
    200: {
      description: 'A page of notifications',
      content: { 'application/json': { schema: pageOf(notificationBody) } },
    },
  },
  handler: async (c) => {
    const { unread, type, channel, ...query } = c.req.valid('query');
    const { db } = c.get('services');
    const { principal } = c.get('caller');
    const filter = { unread, type, channel };
    const page = await listNotifications(db, principal, filter, pageRequest(query));
    return c.json(pageAnswer(page), 200);
  },
});

export const countUnreadRoute = defineRoute({
  method: 'get',
  path: '/api/v1/notifications/unread-count',
  tag: 'notifications',
  operationId: 'countUnreadNotifications',
  summary: 'How many of your notifications are unread',
  access: { kind: 'account' },
  responses: {
    200: {
      description: 'In all and by type',
      content: {
        'application/json': {
          schema: z.object({
            unread: z.int(),
            byType: z.partialRecord(z.enum(notificationTypes), z.int()),
          }),
        },
      },
    },
  },
  handler: async (c) =>
    c.json(await countUnread(c.get('services').db, c.get('caller').principal), 200),
});
