import { z } from '@hono/zod-openapi';

const time = z.iso.datetime().nullable();

export const deliveryBody = z
  .object({
    id: z.string(),
    eventId: z.string(),
    eventType: z.string(),
    status: z.enum(['pending', 'sent', 'failed']),
    attempts: z.int(),
    responseStatus: z.int().nullable(),
    error: z.string().nullable(),
    durationMs: z.int().nullable(),
    createdAt: z.iso.datetime(),
    sentAt: time,
    nextAttemptAt: time,
  })
  .openapi('Delivery');

export const webhookBody = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()),
    secret: z.string().nullable(),
    active: z.boolean(),
    offReason: z.string().nullable(),
    createdBy: z.object({ id: z.string(), name: z.string() }).nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    lastDelivery: deliveryBody.nullable(),
  })
  .openapi('Webhook');

const url = z.url({ protocol: /^https?$/ }).max(2000);
const events = z
  .array(z.string().min(1).max(64))
  .min(1)
  .max(50)
  .openapi({ description: 'Event types, `area.*`, `*`, or aliases: push, mr, issue, build' });
const secret = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'the name of a secret')
  .nullable()
  .openapi({
    description:
      'Name of a project secret of scope `all` that signs; null: the key of …/signing-secret',
  });

export const createWebhookBody = z.strictObject({
  url,
  events,
  secret: secret.default(null),
  active: z.boolean().default(true),
});

export const updateWebhookBody = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  secret: secret.optional(),
  active: z.boolean().optional(),
});

export const projectParams = z.object({
  owner: z.string().max(100),
  project: z.string().max(100),
});
export const webhookParams = projectParams.extend({ id: z.string().max(64) });
export const deliveryParams = webhookParams.extend({ deliveryId: z.string().max(64) });

/** An address may hold the receiver's token, so whoever may only push does not see them either. */
export const manageAccess = {
  kind: 'permission',
  permission: 'project:delegate',
  project: 'path',
} as const;

export const webhooksPath = '/api/v1/projects/{owner}/{project}/webhooks';
export const webhookPath = `${webhooksPath}/{id}` as const;
