import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import { DomainError } from '../../contracts/problems.ts';

/** A row of `events` as SQL reads it. */
export interface EventRow {
  id: string;
  xid: bigint;
  seq: bigint;
  type: string;
  projectId: string | null;
  changeId: string | null;
  actorId: string | null;
  subjectId: string | null;
  message: string;
  payload: Record<string, unknown>;
  traceparent: string | null;
  createdAt: Date;
}

/** Where an event stands in commit order. */
export interface EventPosition {
  xid: bigint;
  seq: bigint;
}

/** Before the first event. */
export const startPosition: EventPosition = { xid: 0n, seq: 0n };

/**
 * Reads `<xid>-<seq>`.
 * @throws DomainError `validation_failed` for anything else
 */
export function parsePosition(position: string): EventPosition {
  const found = /^(\d{1,18})-(\d{1,18})$/.exec(position);
  if (!found?.[1] || !found[2]) {
    throw new DomainError('validation_failed', 'The event position is not one of ours.');
  }
  return { xid: BigInt(found[1]), seq: BigInt(found[2]) };
}

export function formatPosition({ xid, seq }: EventPosition): string {
  return `${xid}-${seq}`;
}

/** True when `a` comes after `b` in commit order. */
export function isAfter(a: EventPosition, b: EventPosition): boolean {
  return a.xid > b.xid || (a.xid === b.xid && a.seq > b.seq);
}

export function toEventRecord(row: EventRow): EventRecord {
  const { xid, seq, createdAt, type, ...rest } = row;
  return {
    ...rest,
    type: type as EventType,
    position: formatPosition({ xid, seq }),
    createdAt: createdAt.toISOString(),
  };
}
