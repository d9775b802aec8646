import pg from 'pg';
import type { EventRecord, EventType } from '../../contracts/event/types.ts';
import { type EventPosition, formatPosition } from './event-record.ts';
import { type NextEvents, type NextEventsJson, toNextEvents } from './read-events.ts';

/** How far a consumer of the outbox has come. */
export interface Cursor {
  position: EventPosition;
  /** failures in a row of the event after this position */
  attempts: number;
  /** that event is not tried before; null = at once */
  retryAt: Date | null;
}

/** An event that its consumer gives up. */
export interface DeadLetter {
  id: string;
  event: EventRecord;
  error: string;
  attempts: number;
  nextTryAt: Date | null;
}

/**
 * What is silent for so long has lost its turns: a machine that lost its power, a process that stands still. We ask at least
 * once a second.
 */
const mostIdleMs = 30_000;
const answerMs = 20_000;

const saveSql = `
  INSERT INTO event_cursors (consumer, xid, seq, attempts, retry_at, updated_at)
  SELECT consumer, xid, seq, attempts, retry_at, clock_timestamp()
    FROM jsonb_to_recordset($1::jsonb) AS c(consumer text, xid bigint, seq bigint, attempts int, retry_at timestamptz)
      ON CONFLICT (consumer) DO UPDATE SET xid = excluded.xid, seq = excluded.seq, attempts = excluded.attempts,
         retry_at = excluded.retry_at, updated_at = excluded.updated_at`;

function rowsOf(cursors: ReadonlyMap<string, Cursor>): string {
  const rows = [...cursors].map(([consumer, { position, attempts, retryAt }]) => ({
    ...{ consumer, xid: String(position.xid), seq: String(position.seq) },
    ...{ attempts, retry_at: retryAt?.toISOString() ?? null },
  }));
  return JSON.stringify(rows);
}

/**
 * The turns of consumers of the outbox: advisory locks of one session, one a consumer, which end with it. All that only
 * the holder of a turn may do, saving cursors above all, goes over the same session: who lost the turn cannot.
 * Every method throws when the session is lost, and what the server refuses.
 */
export class EventTurns {
  private readonly client: pg.Client;
  private readonly onLost: () => void;
  private last: Promise<unknown> = Promise.resolve();
  private lost = false;

  private constructor(client: pg.Client, onLost: () => void) {
    this.client = client;
    this.onLost = onLost;
    client.on('error', () => this.lose());
    client.on('end', () => this.lose());
  }

  /** @param onLost told once, when the session has ended, whoever ended it */
  static async open(url: string, onLost: () => void = () => undefined): Promise<EventTurns> {
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: answerMs,
      application_name: 'slipway-events',
    });
    const turns = new EventTurns(client, onLost);
    try {
      await client.connect();
      await client.query(`SET idle_session_timeout = ${String(mostIdleMs)}`);
      return turns;
    } catch (error) {
      await turns.close();
      throw error;
    }
  }

  get isLost(): boolean {
    return this.lost;
  }

  private lose(): void {
    if (this.lost) return;
    this.lost = true;
    this.onLost();
  }

  /** One at a time: the driver no longer queues. */
  private ask<Row extends pg.QueryResultRow>(sql: string, values: unknown[]): Promise<Row[]> {
    const answer = this.last.then(async () => {
      if (this.lost) throw new Error('the session that held the turns has ended');
      try {
        return (await this.client.query<Row>(sql, values)).rows;
      } catch (error) {
        // What the server refused leaves the session as it is. Else it is not known what holds: a new one begins anew.
        if (!(error instanceof pg.DatabaseError)) await this.close();
        throw error;
      }
    });
    this.last = answer.catch(() => undefined);
    return answer;
  }

  /** Takes the turns that nobody else has. Ask for none that this session holds. @returns where each of them stands */
  async take(consumers: readonly string[]): Promise<Map<string, Cursor>> {
    const locked = await this.ask<{ consumer: string; mine: boolean }>(
      `SELECT consumer, pg_try_advisory_lock(hashtextextended('slipway:events:' || consumer, 0)) AS mine
         FROM unnest($1::text[]) consumer`,
      [consumers],
    );
    const mine = locked.filter((row) => row.mine).map((row) => row.consumer);
    if (mine.length === 0) return new Map();
    // A statement of its own, after the locks: what the holder before us saved last.
    const rows = await this.ask<{
      consumer: string;
      xid: string;
      seq: string;
      attempts: number;
      retry_at: Date | null;
    }>(
      `SELECT consumer, xid::text, seq::text, attempts, retry_at FROM event_cursors WHERE consumer = ANY($1)`,
      [mine],
    );
    return new Map(
      mine.map((consumer) => {
        const row = rows.find((one) => one.consumer === consumer);
        const position = { xid: BigInt(row?.xid ?? 0), seq: BigInt(row?.seq ?? 0) };
        return [
          consumer,
          { position, attempts: row?.attempts ?? 0, retryAt: row?.retry_at ?? null },
        ];
      }),
    );
  }

  async save(cursors: ReadonlyMap<string, Cursor>): Promise<void> {
    await this.ask(saveSql, [rowsOf(cursors)]);
  }

  /** Puts an event away and goes on behind it, both or neither. */
  async bury(consumer: string, letter: DeadLetter, cursor: Cursor): Promise<void> {
    const { id, event, error, attempts, nextTryAt } = letter;
    await this.ask(
      `WITH letter AS (
         INSERT INTO event_dead_letters (id, consumer, event_id, error, attempts, created_at, next_try_at)
         VALUES ($2, $3, $4, $5, $6, clock_timestamp(), $7) ON CONFLICT DO NOTHING)
       ${saveSql}`,
      [rowsOf(new Map([[consumer, cursor]])), id, consumer, event.id, error, attempts, nextTryAt],
    );
  }

  /** The next settled events of these types (null = all), in commit order. */
  async next(
    { xid, seq }: EventPosition,
    types: readonly EventType[] | null,
    limit: number,
  ): Promise<NextEvents> {
    const [row] = await this.ask<{ found: NextEventsJson }>(
      'SELECT next_events($1, $2, $3, $4) AS found',
      [String(xid), String(seq), types, limit],
    );
    if (row === undefined) throw new Error('next_events() answered nothing');
    return toNextEvents(row.found);
  }

  /** The same, of what was read already by another consumer: up to a position that is known to be settled. */
  async between(
    after: EventPosition,
    upTo: EventPosition,
    types: readonly EventType[] | null,
    limit: number,
  ): Promise<NextEvents> {
    const [row] = await this.ask<{ events: NextEventsJson['events'] | null }>(
      `SELECT jsonb_agg(to_jsonb(e) - 'actor_limits' ORDER BY e.xid, e.seq) AS events FROM (
         SELECT * FROM events WHERE (xid, seq) > ($1, $2) AND (xid, seq) <= ($3, $4)
            AND ($5::text[] IS NULL OR type = ANY($5)) ORDER BY xid, seq LIMIT $6) e`,
      [String(after.xid), String(after.seq), String(upTo.xid), String(upTo.seq), types, limit],
    );
    const events = row?.events ?? [];
    const last = events.length === limit ? events.at(-1) : undefined;
    const reached = last === undefined ? upTo : { xid: BigInt(last.xid), seq: BigInt(last.seq) };
    return toNextEvents({ upTo: formatPosition(reached), held: false, events });
  }

  /** Gives all turns back. */
  async close(): Promise<void> {
    this.lose();
    await this.client.end().catch(() => undefined);
  }
}
