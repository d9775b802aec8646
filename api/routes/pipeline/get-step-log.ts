import { z } from '@hono/zod-openapi';
import { findLogStep, projectOfPipeline } from '../../../domain/pipeline/log-step.ts';
import { followLog, type LogPart, readLogPart } from '../../../domain/pipeline/read-log.ts';
import {
  type LogWindow,
  readLogWindow,
  type WindowPlace,
} from '../../../domain/pipeline/read-log-window.ts';
import { stepStatuses } from '../../../contracts/pipeline/types.ts';
import { DomainError } from '../../../contracts/problems.ts';
import { defineRoute } from '../../define-route.ts';
import { answerDirectly } from '../../direct-answer.ts';
import { answerTaker } from '../../git-reader.ts';
import { begunWhenSent, followEvents, pieceBody, plainPieces } from './log-stream.ts';
import { watchFollower } from './watch-follower.ts';

const byteOffset = z
  .string()
  .regex(/^\d{1,15}$/, 'a byte offset')
  .openapi({ description: 'Byte offset in the whole log' });

/** The event id that a follower saw last: an offset; anything else is a fault of the client's. */
function resumeOffset(...candidates: (string | undefined)[]): bigint {
  const found = candidates.find((candidate) => candidate !== undefined && candidate !== '');
  if (found === undefined) return 0n;
  if (!/^\d{1,15}$/.test(found)) {
    throw new DomainError('validation_failed', 'Last-Event-ID is not an id of this stream.');
  }
  return BigInt(found);
}

const partBody = z
  .object({
    pieces: z.array(
      z.object({ offset: z.int(), text: z.string(), by: z.enum(['platform', 'step']) }),
    ),
    next: z.int().openapi({ description: 'The offset of the next part' }),
    status: z.enum(stepStatuses),
    exitCode: z.int().nullable(),
    isEnd: z.boolean().openapi({ description: 'The step has ended, and no more will come' }),
    window: z
      .object({
        start: z.int().openapi({ description: 'Byte offset at which it begins' }),
        line: z.int().openapi({ description: 'Lines before it' }),
        lines: z.int().openapi({ description: 'Lines of the whole log' }),
        failure: z.int().nullable().openapi({
          description: 'With around=failure: the first line that tells of one, counted from 0',
        }),
      })
      .optional()
      .openapi({ description: 'Where in the log a part stands that was asked for with `around`' }),
  })
  .openapi('LogPart');

function toPartBody(part: LogPart): z.output<typeof partBody> {
  const { status, exitCode, isEnd } = part;
  const pieces = part.pieces.map(pieceBody);
  return { pieces, next: Number(part.next), status, exitCode, isEnd };
}

const followHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const;

function toWindowBody(found: LogWindow): z.output<typeof partBody> {
  const { line, lines, failure, start } = found;
  return { ...toPartBody(found), window: { start: Number(start), line, lines, failure } };
}

const placeOf = (around: string): WindowPlace =>
  around === 'start' || around === 'end' || around === 'failure' ? around : Number(around);

/** `text/plain` is what whoever says nothing gets. */
function wantsJson(accept: string | undefined): boolean {
  return accept?.split(',').some((type) => type.trim().startsWith('application/json')) ?? false;
}

export const getStepLogRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines/{id}/steps/{name}/logs',
  tag: 'pipelines',
  operationId: 'getPipelineStepLogs',
  summary:
    'Output of a step: as text, as JSON part by part, or followed as server-sent events with follow=1',
  description:
    'Text comes without control characters but tab and newline: no escape sequence of a step reaches a terminal. raw=1 ' +
    'gives the bytes as they are stored; offsets are of those. ' +
    'As JSON (Accept) it comes in parts of about 1 MiB: ask again with `offset` = `next` until `isEnd`. ' +
    'Followers get `event: log` with `{offset, text, by}`, whose id is the byte offset behind the piece, and at last ' +
    '`event: end` with `{status, exitCode}`. `Last-Event-ID` (or lastEventId) resumes without a gap. ' +
    '`by` is `platform` for lines of the platform itself, `step` for output; the text, as it is stored, does not tell.',
  access: {
    kind: 'permission',
    permission: 'pipeline:read',
    project: async (c) => await projectOfPipeline(c.get('services').db, c.req.param('id') ?? ''),
  },
  raw: true,
  request: {
    params: z.object({ id: z.string().max(64), name: z.string().max(200) }),
    query: z.strictObject({
      offset: byteOffset.optional(),
      follow: z.enum(['0', '1']).optional(),
      lastEventId: byteOffset.optional(),
      download: z.enum(['0', '1']).optional(),
      limit: z.coerce.number().int().min(1024).max(1_048_576).default(1_048_576).openapi({
        description: 'As JSON: about so many bytes at most',
      }),
      around: z
        .string()
        .regex(/^(?:start|end|failure|\d{1,9})$/, 'start, end, failure or the number of a line')
        .optional()
        .openapi({
          description:
            'As JSON: about 64 KiB around the start, the end, the first line that tells of a failure (the start where ' +
            'none does), or a line, counted from 0; `window` says where that is',
        }),
      raw: z.enum(['0', '1']).optional().describe('The bytes as they are stored, escapes and all'),
    }),
  },
  responses: {
    200: {
      description: 'The log',
      content: {
        'text/plain': { schema: z.string() },
        'text/event-stream': { schema: z.string() },
        'application/json': { schema: partBody },
      },
    },
  },
  handler: async (c) => {
    const { db, objectStore, logHub, stopSignal, eventStreams } = c.get('services');
    const { id, name } = c.req.valid('param');
    const query = c.req.valid('query');
    const step = await findLogStep(db, id, name);
    const offset = BigInt(query.offset ?? 0);
    if (query.follow !== '1' && wantsJson(c.req.header('accept'))) {
      if (query.around !== undefined) {
        const place = placeOf(query.around);
        return c.json(toWindowBody(await readLogWindow(db, objectStore, step.id, place)), 200);
      }
      const part = await readLogPart(db, objectStore, step.id, offset, query.limit);
      return c.json(toPartBody(part), 200);
    }
    if (query.follow !== '1') {
      const headers: Record<string, string> = {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-cache',
      };
      if (query.download === '1') {
        const fileName = `${step.name.replace(/[^A-Za-z0-9._-]/g, '_')}.log`;
        headers['content-disposition'] = `attachment; filename="${fileName}"`;
      }
      const wanted = { from: offset, isRaw: query.raw === '1' };
      const body = begunWhenSent(() => plainPieces(db, objectStore, step.id, wanted));
      return answerDirectly(c, headers, body);
    }
    const from = resumeOffset(c.req.header('last-event-id'), query.lastEventId, query.offset);
    const projectId = await projectOfPipeline(db, id);
    const leave = eventStreams.shares.take(answerTaker(c).whose);
    const body = begunWhenSent((gone) => {
      const stop = new AbortController();
      gone.addEventListener('abort', () => stop.abort(), { once: true });
      const { credentials } = eventStreams;
      watchFollower({ db, credentials }, c.get('caller'), projectId, stop);
      // a process that ends lets its followers go: they come back to another one, where they left off
      const ends = [stop.signal, ...(stopSignal === undefined ? [] : [stopSignal])];
      const signal = AbortSignal.any(ends);
      const what = { stepId: step.id, from, signal, maxBytes: 65_536 };
      return followEvents(followLog(db, objectStore, logHub, what));
    }, leave);
    return answerDirectly(c, followHeaders, body);
  },
});
