import { eventPayloads } from '../../contracts/event/payloads.ts';
import type { EventType } from '../../contracts/event/types.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { newId } from '../shared/new-id.ts';
import { storableJson } from '../shared/storable-json.ts';
import { eventsChannel } from './publish-event.ts';

interface RowEvent {
  type: EventType;
  actorId?: string | null;
  /** what is known of it beforehand; what its row knows better stands in the row's `more` */
  payload: Record<string, unknown>;
  traceparent?: string | null;
}

/**
 * An event as a part of the one statement that makes the change it tells of, where people wait for it; elsewhere
 * `publishEvent`. To be used as `WITH changed AS (UPDATE … RETURNING …), told AS (${insertEvent('changed', …)})`, and whoever
 * reads the outbox is woken by `${wakeReaders}` in what follows.
 * @param source name of the part with the one row or none that it tells of: `project_id`, `change_id`, `subject_id`,
 * `message`, and `more`, a jsonb object
 * @throws Error when the payload lacks what contracts/event/payloads.ts promises: a bug of the caller
 */
export function insertEvent(
  source: string,
  { type, actorId = null, payload, traceparent = null }: RowEvent,
): Prisma.Sql {
  const known = storableJson(payload);
  eventPayloads[type].parse(known);
  return Prisma.sql`
    INSERT INTO events (id, type, project_id, change_id, actor_id, subject_id, message, payload, traceparent)
    SELECT ${newId('event')}::text, ${type}::text, project_id, change_id, ${actorId}::text, subject_id, message,
           ${JSON.stringify(known)}::jsonb || more, ${traceparent}::text
    FROM ${Prisma.raw(source)} RETURNING id`;
}

/** Wakes the readers of the outbox: a column of a `SELECT … FROM` the part that wrote the event. */
export const wakeReaders = Prisma.sql`pg_notify(${eventsChannel}, '')::text`;
