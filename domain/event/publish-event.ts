import { eventPayloads } from '../../contracts/event/payloads.ts';
import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import type { CredentialLimits } from '../identity/credential-limits.ts';
import { newId } from '../shared/new-id.ts';
import { storableJson, storableText } from '../shared/storable-json.ts';

export interface EventInput {
  type: EventType;
  projectId?: string | null;
  changeId?: string | null;
  actorId?: string | null;
  /** of the credential that the actor came with, where something is done in their name on account of it; never shown */
  actorLimits?: CredentialLimits | null;
  /** id of the thing it speaks of */
  subjectId?: string | null;
  /** one sentence for people; `payload.message` unless told, else empty */
  message?: string;
  payload?: object;
  /** W3C traceparent, so that what follows joins this trace */
  traceparent?: string | null;
  /** false: no row; those who listen at this moment hear it, nobody afterwards. At most some 7 kB. */
  persist?: boolean;
}

/** Wakes the readers of the outbox. */
export const eventsChannel = 'slipway_events';
/** Carries events that are not kept. */
export const liveEventsChannel = 'slipway_live_events';

/** NOTIFY refuses 8000 bytes and more. */
const maxLiveBytes = 7_900;

function readPayload(input: EventInput): Record<string, unknown> {
  const payload = storableJson({ ...input.payload });
  const checked = eventPayloads[input.type].safeParse(payload);
  if (checked.success) return payload;
  const [issue] = checked.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new Error(`payload of ${input.type} is not as promised: ${where} ${issue?.message ?? ''}`);
}

/**
 * Puts an event into the outbox, in the transaction of the change it tells of: it is seen if and when that commits.
 *
 * @returns the event's id
 * @throws Error when the payload lacks what contracts/event/payloads.ts promises: a bug of the caller
 */
export async function publishEvent(
  tx: Prisma.TransactionClient,
  input: EventInput,
): Promise<string> {
  const payload = readPayload(input);
  const told = input.message ?? (typeof payload['message'] === 'string' ? payload['message'] : '');
  const event = {
    id: newId('event'),
    type: input.type,
    projectId: input.projectId ?? null,
    changeId: input.changeId ?? null,
    actorId: input.actorId ?? null,
    subjectId: input.subjectId ?? null,
    message: storableText(told),
    traceparent: input.traceparent ?? null,
  };
  if (input.persist === false) {
    await notifyLive(tx, { ...event, payload, position: '', createdAt: new Date().toISOString() });
    return event.id;
  }
  const limits = input.actorLimits == null ? null : JSON.stringify(input.actorLimits);
  // One statement: events are written in every transaction, also in those that people wait for.
  await tx.$queryRaw`
    WITH written AS (
      INSERT INTO events (id, type, project_id, change_id, actor_id, subject_id, message, payload, traceparent, actor_limits)
      VALUES (${event.id}, ${event.type}, ${event.projectId}, ${event.changeId}, ${event.actorId},
              ${event.subjectId}, ${event.message}, ${JSON.stringify(payload)}::jsonb, ${event.traceparent}, ${limits}::jsonb)
      RETURNING id
    )
    SELECT pg_notify(${eventsChannel}, '')::text AS told FROM written`;
  return event.id;
}

/** Puts many events into the outbox at once, for what comes in hundreds; see {@link publishEvent}. */
export async function publishEvents(
  tx: Prisma.TransactionClient,
  inputs: readonly (Omit<EventInput, 'persist' | 'actorLimits'> & { message: string })[],
): Promise<void> {
  const rows = inputs.map((input) => ({
    ...{ id: newId('event'), type: input.type, message: storableText(input.message) },
    ...{ project: input.projectId ?? null, change: input.changeId ?? null },
    ...{ actor: input.actorId ?? null, subject: input.subjectId ?? null },
    ...{ payload: readPayload(input), traceparent: input.traceparent ?? null },
  }));
  // By hand, since a thousand rows of ten parameters each cost more to be put together than to be written.
  await tx.$executeRaw`
    INSERT INTO events (id, type, project_id, change_id, actor_id, subject_id, message, payload, traceparent)
    SELECT id, type, project, change, actor, subject, message, payload, traceparent
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS given(id text, type text, project text, change text,
      actor text, subject text, message text, payload jsonb, traceparent text)`;
  await tx.$queryRaw`SELECT pg_notify(${eventsChannel}, '')::text AS told`;
}

async function notifyLive(tx: Prisma.TransactionClient, event: EventRecord): Promise<void> {
  const text = JSON.stringify(event);
  if (Buffer.byteLength(text) > maxLiveBytes) {
    throw new Error(`${event.type} is too large to be told without being kept`);
  }
  await tx.$executeRaw`SELECT pg_notify(${liveEventsChannel}, ${text})`;
}
