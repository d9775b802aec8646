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
 * Only what lies below the oldest running transaction is read: numbers are taken before the commit, so beside a
 * transaction that still runs a smaller number may yet appear. Below it nothing can, and the order is final.
 */
const settled = Prisma.sql`xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint`;

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
 */
export async function readEventsAfter(
  db: Db,
  position: string | null,
  limit: number,
  filter: EventFilter = {},
): Promise<EventRecord[]> {
  const after = position === null ? startPosition : parsePosition(position);
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events
    WHERE (xid, seq) > (${after.xid}, ${after.seq}) AND ${settled} AND ${matches(filter)}
    ORDER BY xid, seq LIMIT ${limit}`;
  return rows.map(toEventRecord);
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
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events WHERE ${upTo} AND ${settled} AND ${matches(filter)}
    ORDER BY xid DESC, seq DESC LIMIT ${limit}`;
  return rows.map(toEventRecord);
}

/** The position of the newest settled event: where one starts who wants only what comes. */
export async function readLastPosition(db: Db): Promise<string> {
  const [last] = await db.$queryRaw<EventPosition[]>`
    SELECT xid, seq FROM events WHERE ${settled} ORDER BY xid DESC, seq DESC LIMIT 1`;
  return formatPosition(last ?? startPosition);
}

/** Where one starts who wants the events of the last `seconds`, too. */
export async function readPositionAgo(db: Db, seconds: number): Promise<string> {
  const [last] = await db.$queryRaw<EventPosition[]>`
    SELECT xid, seq FROM events
    WHERE ${settled} AND created_at < clock_timestamp() - make_interval(secs => ${seconds})
    ORDER BY xid DESC, seq DESC LIMIT 1`;
  return formatPosition(last ?? startPosition);
}

/** True when committed events after `position` wait for an older transaction to end: look again soon, nobody will wake you. */
export async function hasUnsettledEvents(db: Db, position: string): Promise<boolean> {
  const { xid, seq } = parsePosition(position);
  const [row] = await db.$queryRaw<{ waits: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM events WHERE (xid, seq) > (${xid}, ${seq})
    ) AS waits`;
  return row?.waits ?? false;
}

/** The events with these ids, as far as they are kept. */
export async function readEventsById(db: Db, ids: readonly string[]): Promise<EventRecord[]> {
  if (ids.length === 0) return [];
  const rows = await db.$queryRaw<EventRow[]>`
    SELECT ${columns} FROM events WHERE id = ANY(${[...ids]}) ORDER BY xid, seq`;
  return rows.map(toEventRecord);
}
