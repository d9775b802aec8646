import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { eventTypes } from '../../../contracts/event/types.ts';
import type { Caller } from '../../../contracts/identity/principal.ts';
import { DomainError } from '../../../contracts/problems.ts';
import { parsePosition } from '../../../domain/event/event-record.ts';
import {
  type EventFilter,
  readEventsBefore,
  readPositionAgo,
} from '../../../domain/event/read-events.ts';
import { visibleEvents } from '../../../domain/event/visible-events.ts';
import { findProject, maySeeProject, noSuchProject } from '../../../domain/project/find-project.ts';
import type { Db } from '../../../domain/shared/db.ts';
import { answerDirectly } from '../../direct-answer.ts';
import { defineRoute } from '../../define-route.ts';
import type { AppEnv } from '../../env.ts';

const positionText = z.string().regex(/^\d{1,18}-\d{1,18}$/, 'a position of this stream');

const query = z.strictObject({
  type: z
    .string()
    .max(1_000)
    .optional()
    .openapi({ description: 'Types, with commas between: `git.pushed,pipeline.completed`' }),
  project: z
    .string()
    .max(300)
    .optional()
    .openapi({ description: 'Id of a project, or `owner/name`' }),
  change: z.string().max(64).optional().openapi({ description: 'A change id, `chg_…`' }),
  lastEventId: positionText.optional().openapi({
    description: 'Resume after this event; for clients that cannot send Last-Event-ID',
  }),
  recent: z.coerce.number().int().min(1).max(60).optional().openapi({
    description: 'Begin with the events of so many seconds; what is to be resumed goes before',
  }),
  limit: z.coerce.number().int().min(1).max(100).default(30),
  cursor: positionText.optional(),
});

const eventBody = z
  .object({
    id: z.string(),
    position: z.string().openapi({ description: 'Orders events as they were committed' }),
    type: z.enum(eventTypes),
    projectId: z.string().nullable(),
    changeId: z.string().nullable(),
    actorId: z.string().nullable(),
    subjectId: z.string().nullable(),
    message: z.string(),
    payload: z.record(z.string(), z.unknown()),
    traceparent: z.string().nullable(),
    createdAt: z.string(),
  })
  .openapi('Event');

/** Types that do not exist are told, not silently never heard. */
function readTypes(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const types = text.split(',').map((type) => type.trim());
  const unknown = types.find((type) => !(eventTypes as readonly string[]).includes(type));
  if (unknown !== undefined) {
    throw new DomainError('validation_failed', `There is no event type '${unknown}'.`);
  }
  return types;
}

async function readProjectId(db: Db, caller: Caller, text: string): Promise<string> {
  const [owner = '', name] = text.split('/', 2);
  if (name !== undefined) return (await findProject(db, caller, owner, name)).id;
  if (!(await maySeeProject(db, caller, text))) throw noSuchProject();
  return text;
}

async function readFilter(
  db: Db,
  caller: Caller,
  { type, project, change }: z.output<typeof query>,
): Promise<EventFilter> {
  return {
    types: readTypes(type),
    changeId: change,
    projectId: project === undefined ? undefined : await readProjectId(db, caller, project),
  };
}

async function streamResponse(
  c: Context<AppEnv>,
  filter: EventFilter,
  { lastEventId, recent }: z.output<typeof query>,
): Promise<Response> {
  const { db, eventStreams } = c.get('services');
  const resumed = c.req.header('last-event-id') || lastEventId;
  if (resumed !== undefined) parsePosition(resumed);
  const from = resumed ?? (recent === undefined ? null : await readPositionAgo(db, recent));
  const connection = eventStreams.open(c.get('caller'), filter, from);
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  };
  return answerDirectly(c, headers, connection);
}

/** Only who asks for it by name, as every EventSource does: a client that knows nothing of streams would wait for an end. */
function wantsStream(c: Context<AppEnv>): boolean {
  return (c.req.header('accept') ?? '').toLowerCase().includes('text/event-stream');
}

export const listEventsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/events',
  tag: 'events',
  operationId: 'listEvents',
  summary:
    'A list of past events, or events as they happen (server-sent events, Accept: text/event-stream)',
  description:
    'Without `Accept: text/event-stream` the list, newest first; with it the stream. ' +
    'Events of projects that you may see; those of deployments, previews, gates and ops repositories need `deploy:read`, ' +
    'those of secrets `secret:read`, and those of no project `admin:read`. `Last-Event-ID` (or lastEventId) ' +
    'resumes without a gap; `0-0` begins with the oldest event kept, `recent` with those of the last seconds. A client that reads too slowly gets ' +
    '`event: gap` with `{after}`: reconnect to get what was left out. The stream ends when the credential is revoked.',
  access: { kind: 'authenticated' },
  raw: true,
  request: { query },
  responses: {
    200: {
      description: 'The events',
      content: {
        'text/event-stream': { schema: z.string() },
        'application/json': {
          schema: z.object({ items: z.array(eventBody), nextCursor: z.string().nullable() }),
        },
      },
    },
  },
  handler: async (c) => {
    const { db, config } = c.get('services');
    const input = c.req.valid('query');
    const caller = c.get('caller');
    const filter = await readFilter(db, caller, input);
    if (wantsStream(c as Context<AppEnv>)) {
      if (!config.events.sseEnabled) {
        throw new DomainError('not_found', 'The event stream is switched off here.');
      }
      return await streamResponse(c as Context<AppEnv>, filter, input);
    }
    const visible = await visibleEvents(db, caller.principal);
    const { cursor = null, limit } = input;
    const found = await readEventsBefore(db, cursor, limit + 1, { ...filter, visible });
    const items = found.slice(0, limit);
    const nextCursor = found.length > limit ? (items.at(-1)?.position ?? null) : null;
    return c.json({ items, nextCursor }, 200);
  },
});
