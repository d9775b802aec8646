import type { EventRecord } from '../../contracts/event/types.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import {
  type EventPosition,
  type EventRow,
  formatPosition,
  parsePosition,
  startPosition,
  toEventRecord,
} from './event-record.ts';
import type { VisibleEvents } from './visible-events.ts';

export interface EventFilter {
  types?: readonly string[] | undefined;
  projectId?: string | undefined;
  changeId?: string | undefined;
  /** only what its reader may see */
  visible?: VisibleEvents | undefined;
}

const columns = Prisma.sql`id, xid, seq, type, project_id AS "projectId", change_id AS "changeId",
  actor_id AS "actorId", subject_id AS "subjectId", message, payload, traceparent, created_at AS "createdAt"`;

/**
 * Number up to which all events are there or never come: numbers are taken before the commit, so above it a smaller one may
 * yet appear beside a larger one. What is read by it has to be read in a statement of its own, after this one (ADR 54).
 */
async function readSettled(db: Db): Promise<bigint> {
  const [row] = await db.$queryRaw<{ settled: bigint }[]>`SELECT settled FROM settled_event_seq()`;
  return row?.settled ?? 0n;
}

function matches(filter: EventFilter): Prisma.Sql {
  const parts = [Prisma.sql`TRUE`];
  if (filter.types !== undefined) parts.push(Prisma.sql`type = ANY(${[...filter.types]})`);
  if (filter.projectId !== undefined) parts.push(Prisma.sql`project_id = ${filter.projectId}`);
  if (filter.changeId !== undefined) parts.push(Prisma.sql`change_id = ${filter.changeId}`);
  if (filter.visible !== undefined) {
    const { projectIds, limited, withGlobal } = filter.visible;
    parts.push(
      Prisma.sql`(project_id = ANY(${[...projectIds]}) OR (project_id IS NULL AND ${withGlobal}))`,
    );
    for (const { types, projectIds: of } of limited) {
      parts.push(
        Prisma.sql`(project_id IS NULL OR type <> ALL(${[...types]}) OR project_id = ANY(${[...of]}))`,
      );
    }
  }
  return Prisma.join(parts, ' AND ');
}

/**
 * Events after `position` (`<xid>-<seq>`, null = from the first one kept), in commit order. An event that is not
 * settled yet is not there yet; it comes with a later call, never before one that was given already.
 * @param told a position that was told already: all up to it is settled, whatever holds back what comes after it
 */
export async function readEventsAfter(
  db: Db,
  position: string | null,
  limit: number,
  filter: EventFilter = {},
  told: string | null = null,
): Promise<EventRecord[]> {
  const after = position === null ? startPosition : parsePosition(position);
  const known = told === null ? startPosition : parsePosition(told);
  const settled = await readSettled(db);
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events
    WHERE (xid, seq) > (${after.xid}, ${after.seq})
      AND (seq <= ${settled} OR (xid, seq) <= (${known.xid}, ${known.seq})) AND ${matches(filter)}
    ORDER BY xid, seq LIMIT ${limit}`;
  return rows.map(toEventRecord);
}

export interface NextEvents {
  events: EventRecord[];
  /** all events of the wanted types up to here have been read */
  upTo: EventPosition;
  /** somebody who publishes has kept this read from what comes after: look again soon, one who fails wakes nobody */
  held: boolean;
}

/** An event as `next_events` gives it. */
interface EventOfJson {
  id: string;
  xid: number;
  seq: number;
  type: string;
  project_id: string | null;
  change_id: string | null;
  actor_id: string | null;
  subject_id: string | null;
  message: string;
  payload: Record<string, unknown>;
  traceparent: string | null;
  created_at: string;
}

/** What `next_events` (migration 321) answers: `upTo` is `<xid>-<seq>`. */
export interface NextEventsJson {
  upTo: string;
  held: boolean;
  events: EventOfJson[];
}

export function toNextEvents({ upTo, held, events }: NextEventsJson): NextEvents {
  const records = events.map((event) => ({
    id: event.id,
    position: `${String(event.xid)}-${String(event.seq)}`,
    type: event.type as EventRecord['type'],
    projectId: event.project_id,
    changeId: event.change_id,
    actorId: event.actor_id,
    subjectId: event.subject_id,
    message: event.message,
    payload: event.payload,
    traceparent: event.traceparent,
    createdAt: new Date(event.created_at).toISOString(),
  }));
  return { events: records, upTo: parsePosition(upTo), held };
}

/** The next settled events of all types after a position, in commit order, in one statement. */
export async function readNextEvents(
  db: Db,
  after: EventPosition,
  limit: number,
): Promise<NextEvents> {
  const [row] = await db.$queryRaw<{ found: NextEventsJson }[]>`
    SELECT next_events(${after.xid}, ${after.seq}, NULL, ${limit}::int) AS found`;
  if (row === undefined) throw new Error('next_events() answered nothing');
  return toNextEvents(row.found);
}

/** Events before `position` (null = from the newest one), newest first: for lists. */
export async function readEventsBefore(
  db: Db,
  position: string | null,
  limit: number,
  filter: EventFilter = {},
): Promise<EventRecord[]> {
  const before = position === null ? null : parsePosition(position);
  const upTo =
    before === null ? Prisma.sql`TRUE` : Prisma.sql`(xid, seq) < (${before.xid}, ${before.seq})`;
  const settled = await readSettled(db);
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events WHERE ${upTo} AND seq <= ${settled} AND ${matches(filter)}
    ORDER BY xid DESC, seq DESC LIMIT ${limit}`;
  return rows.map(toEventRecord);
}

/** The position of the newest settled event: where one starts who wants only what comes. */
export async function readLastPosition(db: Db): Promise<string> {
  const settled = await readSettled(db);
  const [last] = await db.$queryRaw<EventPosition[]>`
    SELECT xid, seq FROM events WHERE seq <= ${settled} ORDER BY xid DESC, seq DESC LIMIT 1`;
  return formatPosition(last ?? startPosition);
}

/** Where one starts who wants the events of the last `seconds`, too. */
export async function readPositionAgo(db: Db, seconds: number): Promise<string> {
  const settled = await readSettled(db);
  const [last] = await db.$queryRaw<EventPosition[]>`
    SELECT xid, seq FROM events
    WHERE seq <= ${settled} AND created_at < clock_timestamp() - make_interval(secs => ${seconds})
    ORDER BY xid DESC, seq DESC LIMIT 1`;
  return formatPosition(last ?? startPosition);
}

/** The events with these ids, as far as they are kept. */
export async function readEventsById(db: Db, ids: readonly string[]): Promise<EventRecord[]> {
  if (ids.length === 0) return [];
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events WHERE id = ANY(${[...ids]}) ORDER BY xid, seq`;
  return rows.map(toEventRecord);
}
