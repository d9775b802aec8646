import { z } from '@hono/zod-openapi';
import { redactText } from '../../../contracts/redact-text.ts';
import {
  type DeadLetterRecord,
  dismissDeadLetter,
  listDeadLetters,
  retryDeadLetter,
} from '../../../domain/event/dead-letters.ts';
import { defineRoute } from '../../define-route.ts';
import { pageAnswer, pageOf, pageQuery, pageRequest } from '../../page.ts';
import { idParam, json, noContent } from '../identity/schemas.ts';

const tag = 'events';
const longestError = 500;

const deadLetterBody = z
  .object({
    id: z.string(),
    consumer: z.string().openapi({ description: 'What could not handle it: core, notify, review' }),
    eventId: z.string(),
    eventType: z.string().nullable().openapi({ description: 'null = the event is not kept' }),
    projectId: z.string().nullable(),
    error: z.string().openapi({ description: 'Of the last try, on one line, secrets taken out' }),
    attempts: z.int(),
    createdAt: z.string(),
    nextTryAt: z
      .string()
      .nullable()
      .openapi({ description: 'When it is tried again by itself; null = it waits for a person' }),
  })
  .openapi('DeadLetter');

function bodyOf({ error, createdAt, nextTryAt, ...rest }: DeadLetterRecord) {
  return {
    ...rest,
    error: redactText(error).slice(0, longestError),
    createdAt: createdAt.toISOString(),
    nextTryAt: nextTryAt?.toISOString() ?? null,
  };
}

export const listDeadLettersRoute = defineRoute({
  method: 'get',
  path: '/api/v1/dead-letters',
  tag,
  operationId: 'listDeadLetters',
  summary: 'Events that could not be handled, newest first',
  access: { kind: 'any', permissions: ['admin:read', 'admin:manage'], project: 'global' },
  request: { query: z.strictObject(pageQuery) },
  responses: { 200: json('A page of dead letters', pageOf(deadLetterBody)) },
  handler: async (c) => {
    const page = await listDeadLetters(c.get('services').db, pageRequest(c.req.valid('query')));
    return c.json(pageAnswer({ ...page, items: page.items.map(bodyOf) }), 200);
  },
});

export const retryDeadLetterRoute = defineRoute({
  method: 'post',
  path: '/api/v1/dead-letters/{id}/retry',
  tag,
  operationId: 'retryDeadLetter',
  summary: 'Have an event that could not be handled tried again within a minute or so',
  access: { kind: 'permission', permission: 'admin:manage', project: 'global' },
  request: { params: idParam },
  responses: { 202: json('It is tried by its turn', deadLetterBody) },
  handler: async (c) => {
    const { id } = c.req.valid('param');
    return c.json(bodyOf(await retryDeadLetter(c.get('services').db, c.get('caller'), id)), 202);
  },
});

export const dismissDeadLetterRoute = defineRoute({
  method: 'delete',
  path: '/api/v1/dead-letters/{id}',
  tag,
  operationId: 'dismissDeadLetter',
  summary: 'Dismiss an event that could not be handled: nobody tries it again',
  access: { kind: 'permission', permission: 'admin:manage', project: 'global' },
  request: { params: idParam },
  responses: noContent,
  handler: async (c) => {
    await dismissDeadLetter(c.get('services').db, c.get('caller'), c.req.valid('param').id);
    return c.body(null, 204);
  },
});
