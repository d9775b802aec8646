import { z } from '@hono/zod-openapi';
import {
  notificationChannels,
  notificationRefTypes,
  notificationStatuses,
  notificationTypes,
  notificationWants,
} from '../../../contracts/notify/types.ts';

const named = z.object({ id: z.string(), name: z.string() });
const time = z.iso.datetime().nullable();

export const notificationBody = z
  .object({
    id: z.string(),
    type: z.enum(notificationTypes),
    channel: z.enum(notificationChannels),
    status: z.enum(notificationStatuses),
    subject: z.string(),
    body: z.string().nullable(),
    refType: z.enum(notificationRefTypes).nullable(),
    refId: z.string().nullable(),
    link: z.string().nullable().openapi({ description: 'Page of the web app' }),
    project: z.object({ id: z.string(), owner: z.string(), name: z.string() }).nullable(),
    changeId: z.string().nullable(),
    actor: named.nullable(),
    error: z.string().nullable(),
    createdAt: z.iso.datetime(),
    sentAt: time,
    readAt: time,
  })
  .openapi('Notification');

const preference = z.object({
  type: z.enum(notificationTypes),
  channel: z.enum(notificationChannels),
  wants: z.enum(notificationWants).openapi({
    description: '`own`: only what you set off yourself',
  }),
  isDefault: z.boolean(),
});

export const preferencesBody = z
  .object({
    items: z.array(preference),
    webhookUrl: z.string().nullable(),
    emailAvailable: z.boolean().openapi({
      description: 'False while the operator has configured no mail server',
    }),
  })
  .openapi('NotificationPreferences');

export const preferencesChange = z.strictObject({
  items: z
    .array(
      z.strictObject({
        type: z.enum(notificationTypes),
        channel: z.enum(notificationChannels),
        wants: z.enum(notificationWants).nullable().openapi({
          description: 'null: the default again',
        }),
      }),
    )
    .max(100)
    .default([]),
  webhookUrl: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .nullable()
    .optional()
    .openapi({ description: 'Your own address for channel `webhook`; null takes it away' }),
});
