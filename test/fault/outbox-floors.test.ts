import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { isAfter, parsePosition, startPosition } from '../../domain/event/event-record.ts';
import { readEventsAfter, readNextEvents } from '../../domain/event/read-events.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(300_000);

/** Readers that miss an event in some round, by what is wrong with the bound: each must be found out. */
const mutants: Record<string, [fn: string, from: RegExp, to: string]> = {
  'a reader that looks at no locks': ['settled_event_seq', /least\(last, lowest\)/, 'last'],
  'a reader that looks at the locks first': [
    'settled_event_seq',
    /last := slow_last\(\);([\s\S]*?;)(\s*settled :=)/,
    '$1 PERFORM pg_sleep(random() * 0.004); last := slow_last();$2',
  ],
  'a publisher that takes its number first': [
    'next_event_seq',
    /BEGIN([\s\S]*)RETURN nextval\('events_seq_seq'\);/,
    "DECLARE n bigint; BEGIN n := nextval('events_seq_seq'); $1 RETURN n;",
  ],
};

/** The functions of the migration with time for others at each point where they could come between. */
async function widen(db: TestDatabase['db'], mutant?: (typeof mutants)[string]): Promise<void> {
  await db.$executeRaw`
    CREATE FUNCTION slow_last() RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE last bigint := coalesce(pg_sequence_last_value('events_seq_seq'), 0);
    BEGIN PERFORM pg_sleep(random() * 0.004); RETURN last; END $$`;
  for (const name of ['next_event_seq', 'settled_event_seq', 'next_events']) {
    const [row] = await db.$queryRaw<{ source: string }[]>`
      SELECT pg_get_functiondef(oid) AS source FROM pg_proc WHERE proname = ${name}`;
    let source = (row?.source ?? '')
      .replace("coalesce(pg_sequence_last_value('events_seq_seq'), 0)", 'slow_last()')
      .replace('RETURN nextval', 'PERFORM pg_sleep(random() * 0.004); RETURN nextval')
      .replace('EXECUTE', 'PERFORM pg_sleep(random() * 0.004); EXECUTE');
    if (mutant?.[0] === name) {
      const changed = source.replace('PERFORM pg_sleep(random() * 0.004); RETURN', 'RETURN');
      source = changed.replace(mutant[1], mutant[2]);
      expect(source).not.toBe(changed);
    }
    await db.$executeRawUnsafe(source);
  }
}

/** One change: an event or some, with time between them, given up now and then as a whole or in part. */
async function publishSomehow(db: TestDatabase['db'], ledger: Ledger, key: string): Promise<void> {
  const keys = Array.from({ length: ledger.between(1, 3) }, (_, i) => `${key}-${String(i)}`);
  const isGivenUp = ledger.random() < 0.15;
  const hasSavepoint = ledger.random() < 0.3;
  const waits = keys.map(() => ledger.between(0, 12));
  if (!isGivenUp) for (const one of keys) ledger.ask(one);
  await inTransaction(db, async (tx) => {
    if (hasSavepoint) {
      await tx.$executeRaw`SAVEPOINT part`;
      await publishEvent(tx, { type: 'user.updated', subjectId: `${key}-undone` });
      await tx.$executeRaw`ROLLBACK TO SAVEPOINT part`;
    }
    for (const [i, one] of keys.entries()) {
      await publishEvent(tx, { type: 'user.updated', subjectId: one });
      await pause(waits[i] ?? 0);
    }
    if (isGivenUp) throw new Error('given up');
  }).then(
    () => keys.forEach((one) => ledger.acknowledge(one)),
    () => ledger.fault(isGivenUp ? 'given up' : 'failed'),
  );
}

/** Follows until `isOver` and nothing came for a while. */
async function follow(read: () => Promise<string[]>, isOver: () => boolean): Promise<string[]> {
  const seen: string[] = [];
  for (let quiet = 0; quiet < 5;) {
    const keys = await read();
    seen.push(...keys);
    quiet = keys.length === 0 && isOver() ? quiet + 1 : 0;
    await pause(keys.length === 0 ? 3 : 0);
  }
  return seen;
}

function readers(db: TestDatabase['db']): (() => Promise<string[]>)[] {
  const byCall = (limit: number) => {
    let to = startPosition;
    return async () => {
      const { events, upTo } = await readNextEvents(db, to, limit);
      expect(isAfter(to, upTo)).toBe(false);
      to = upTo;
      return events.map((event) => event.subjectId ?? '');
    };
  };
  const byFilter = () => {
    let position: string | null = null;
    return async () => {
      const events = await readEventsAfter(db, position, 20, { types: ['user.updated'] });
      position = events.at(-1)?.position ?? position;
      return events.map((event) => event.subjectId ?? '');
    };
  };
  return [byCall(100), byCall(3), byFilter()];
}

async function stress(test: TestDatabase, changes: number) {
  const ledger = new Ledger('outbox floors');
  let done = false;
  const following = readers(test.db).map((read) => follow(read, () => done));
  let change = 0;
  const lane = async (upTo: number) => {
    while (change < upTo) await publishSomehow(test.db, ledger, `c${String((change += 1))}`);
  };
  // Beside many somebody always holds a floor that is low: what few can lose is another matter.
  await Promise.all(Array.from({ length: 16 }, () => lane(changes * 0.75)));
  await Promise.all(Array.from({ length: 2 }, () => lane(changes)));
  done = true;
  const seen = await Promise.all(following);
  return { ledger, seen, verdicts: seen.map((keys) => ledger.check(keys)) };
}

describe('the outbox under many who publish and many who read, with time at every point between', () => {
  it('has no reader miss, double or reorder an event [A-EVT-01][A-EVT-08]', async () => {
    const test = await createTestDatabase({ max: 40 });
    try {
      await widen(test.db);
      const { ledger, seen, verdicts } = await stress(test, 600 * faultScale());
      const none = { lost: [], doubled: [], unasked: [] };
      expect(verdicts).toEqual([none, none, none]);
      const stored = await test.db.event.findMany({ orderBy: [{ xid: 'asc' }, { seq: 'asc' }] });
      for (const keys of seen) expect(keys).toEqual(stored.map((event) => event.subjectId));
      expect(ledger.faults.get('given up')).toBeGreaterThan(0);
      expect(ledger.faults.get('failed') ?? 0).toBe(0);
    } finally {
      await test.drop();
    }
  });

  it.each(Object.keys(mutants))('finds out %s', async (name) => {
    const test = await createTestDatabase({ max: 40 });
    try {
      await widen(test.db, mutants[name]);
      const { verdicts } = await stress(test, 400 * faultScale());
      expect(verdicts.reduce((sum, { lost }) => sum + lost.length, 0)).toBeGreaterThan(0);
    } finally {
      await test.drop();
    }
  });
});

describe('the outbox beside a transaction that goes on and on', () => {
  let test: TestDatabase;
  let other: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
    other = await createTestDatabase();
  });
  afterAll(async () => {
    await other.drop();
    await test.drop();
  });

  /** A session that has written within a transaction, and goes no further before `end`. */
  async function beginWriting(url: string, sql: string) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('BEGIN');
    await client.query(sql);
    const { rows } = await client.query<{ xid: string }>('SELECT pg_current_xact_id() AS xid');
    expect(Number(rows[0]?.xid)).toBeGreaterThan(0);
    return { end: (how: 'COMMIT' | 'ROLLBACK') => client.query(how).then(() => client.end()) };
  }

  const publish = (subjectId: string) =>
    inTransaction(test.db, (tx) => publishEvent(tx, { type: 'user.updated', subjectId }));
  const namesAfter = async (position: string | null) =>
    (await readEventsAfter(test.db, position, 10)).map((event) => event.subjectId);

  it('reads events at once while others write without an event, here and in another database [A-EVT-08]', async () => {
    const here = await beginWriting(test.url, 'UPDATE access_epoch SET epoch = epoch');
    const there = await beginWriting(other.url, 'UPDATE access_epoch SET epoch = epoch');
    const elsewhere = await beginWriting(
      other.url,
      `INSERT INTO events (id, type) VALUES ('evt_other', 'user.updated')`,
    );
    try {
      await publish('beside');
      expect(await namesAfter(null)).toEqual(['beside']);
      expect((await readNextEvents(test.db, startPosition, 10)).held).toBe(false);
    } finally {
      for (const one of [here, there, elsewhere]) await one.end('ROLLBACK');
    }
  });

  it('keeps from an event only what comes after it while the one who publishes has not ended [A-EVT-08]', async () => {
    await publish('before');
    const [last] = (await readEventsAfter(test.db, null, 10)).slice(-1);
    const position = last?.position ?? '';
    expect(last?.subjectId).toBe('before');
    const held = `INSERT INTO events (id, type, subject_id) VALUES ('evt_held', 'user.updated', 'held')`;
    const long = await beginWriting(test.url, held);
    await publish('after');
    expect(await namesAfter(null)).toContain('before');
    expect(await namesAfter(position)).toEqual([]);
    const next = await readNextEvents(test.db, parsePosition(position), 10);
    expect(next).toMatchObject({ events: [], held: true });
    await long.end('COMMIT');
    expect(await namesAfter(position)).toEqual(['held', 'after']);
  });

  it('goes on without the event of one that failed [A-EVT-08]', async () => {
    const [last] = (await readEventsAfter(test.db, null, 20)).slice(-1);
    const position = last?.position ?? '';
    const gone = `INSERT INTO events (id, type, subject_id) VALUES ('evt_gone', 'user.updated', 'gone')`;
    const long = await beginWriting(test.url, gone);
    await publish('behind');
    expect(await namesAfter(position)).toEqual([]);
    await long.end('ROLLBACK');
    expect(await namesAfter(position)).toEqual(['behind']);
  });
});
