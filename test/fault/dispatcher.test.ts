import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import type { EventRecord } from '../../contracts/event/types.ts';
import type { ConsumerOptions } from '../../domain/event/event-consumer.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { type Listener, openListener } from '../../domain/shared/listen.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { runDispatcher } from '../../workers/run-dispatcher.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { waitFor } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(300_000);

let test: TestDatabase;
let listener: Listener;

beforeAll(async () => {
  test = await createTestDatabase({ max: 20 });
  listener = await openListener(test.url);
});
afterAll(async () => {
  await listener.close();
  await test.drop();
});

const log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 } as never;
const dispatch = (...consumers: ConsumerOptions[]) =>
  runDispatcher({ url: test.url, listener, log, consumers });

const publish = (subjectId: string, type: EventRecord['type'] = 'user.updated') =>
  inTransaction(test.db, (tx) => publishEvent(tx, { type, subjectId }));

/** A consumer that notes what it was handed; it begins with what comes from now on. */
async function noting(name: string, over: Partial<ConsumerOptions> = {}) {
  const seen: string[] = [];
  const [row] = await test.db.$queryRaw<
    { settled: bigint }[]
  >`SELECT settled FROM settled_event_seq()`;
  const seq = row?.settled ?? 0n;
  await test.db.eventCursor.create({ data: { consumer: name, xid: 10n ** 15n, seq } });
  const handle = async ({ subjectId }: EventRecord) => void seen.push(subjectId ?? '');
  return { seen, consumer: { name, handle, ...over } };
}

/** Ends the sessions that hold turns, as the end of their processes does. */
const cutTurns = () =>
  test.db.$queryRaw<{ ok: boolean }[]>`
    SELECT pg_terminate_backend(pid) AS ok FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'slipway-events'`;

const cursorOf = (consumer: string) =>
  test.db.eventCursor.findUniqueOrThrow({ where: { consumer } });

describe('the dispatcher', () => {
  it('hands each event over in order with four processes at work, whose turns are cut again and again (B4, B6) [A-EVT-08]', async () => {
    const ledger = new Ledger('dispatcher turns');
    const { seen, consumer } = await noting('four');
    const ids = new Map<string, Set<string>>();
    const handed: string[] = [];
    let atOnce = 0;
    const handle = async (event: EventRecord) => {
      handed.push(event.subjectId ?? '');
      ids.set(event.subjectId ?? '', (ids.get(event.subjectId ?? '') ?? new Set()).add(event.id));
      atOnce += 1;
      if (atOnce > 1) ledger.fault('beside another');
      await pause(ledger.between(0, 2));
      atOnce -= 1;
      seen.push(event.subjectId ?? '');
    };
    const stops = [1, 2, 3, 4].map(() => dispatch({ ...consumer, handle }));
    const count = 400 * faultScale();
    let published = 0;
    const lane = async () => {
      while (published < count) {
        const key = `k${String((published += 1)).padStart(6, '0')}`;
        ledger.ask(key);
        await publish(key);
        ledger.acknowledge(key);
        await pause(ledger.between(0, 20));
      }
    };
    const cutting = (async () => {
      while (published < count) {
        await pause(ledger.between(100, 500));
        for (const { ok } of await cutTurns()) if (ok) ledger.fault('cut');
      }
    })();
    await Promise.all([lane(), lane(), lane(), cutting]);
    await waitFor('the last event', () => new Set(seen).size >= count);
    for (const stop of stops) await stop();
    const { lost, unasked } = ledger.check(seen);
    expect({ lost, unasked }).toEqual({ lost: [], unasked: [] });
    expect(ledger.faults.get('cut')).toBeGreaterThan(3);
    // What comes again has the same id, and what comes for the first time comes in order.
    expect([...ids.values()].every((set) => set.size === 1)).toBe(true);
    const stored = await test.db.event.findMany({ orderBy: [{ xid: 'asc' }, { seq: 'asc' }] });
    const order = stored.flatMap(({ subjectId }) => (ids.has(subjectId ?? '') ? [subjectId] : []));
    expect([...new Set(handed)]).toEqual(order);
    expect(await test.db.eventDeadLetter.count({ where: { consumer: 'four' } })).toBe(0);
  });

  it('hands events on while a transaction that writes none is open, here and in another database [A-EVT-08]', async () => {
    const other = await createTestDatabase();
    const clients = [test.url, other.url].map((url) => new pg.Client({ connectionString: url }));
    const { seen, consumer } = await noting('beside');
    const stop = dispatch(consumer);
    try {
      for (const client of clients) {
        client.on('error', () => undefined);
        await client.connect();
        await client.query('BEGIN; UPDATE access_epoch SET epoch = epoch');
      }
      await publish('beside');
      await waitFor('the event', () => seen.includes('beside'), { timeoutMs: 5_000 });
    } finally {
      await Promise.all(clients.map((client) => client.end()));
      await stop();
      await other.drop();
    }
  });

  it('lets no consumer wait for a slow one, one that fails, or one that has too much to do [A-EVT-03][A-EVT-08]', async () => {
    const quick = await noting('quick');
    const failing = await noting('failing', {
      handle: () => Promise.reject(new Error('never')),
      maxAttempts: 100,
    });
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const slow = await noting('slow');
    const handle = async (event: EventRecord) => {
      await released;
      await slow.consumer.handle(event);
    };
    const stop = dispatch({ ...slow.consumer, handle }, failing.consumer, quick.consumer);
    const keys = Array.from({ length: 700 }, (_, i) => `n${String(i)}`);
    await inTransaction(test.db, async (tx) => {
      for (const subjectId of keys) await publishEvent(tx, { type: 'user.updated', subjectId });
    });
    await waitFor('the quick one', () => quick.seen.length === keys.length);
    expect(quick.seen).toEqual(keys);
    expect(slow.seen).toEqual([]);
    release();
    await waitFor('the slow one', () => slow.seen.length === keys.length);
    expect(slow.seen).toEqual(keys);
    await stop();
    expect(await cursorOf('failing')).toMatchObject({ attempts: expect.any(Number) });
    expect((await cursorOf('failing')).attempts).toBeGreaterThan(0);
    expect((await cursorOf('slow')).seq).toBe((await cursorOf('quick')).seq);
  });

  it('saves how far it has come while more is to be done than ends soon, for whoever goes on there [A-EVT-08]', async () => {
    const { seen, consumer } = await noting('long');
    const start = (await cursorOf('long')).seq;
    const handle = async (event: EventRecord) => {
      await pause(100);
      await consumer.handle(event);
    };
    const stop = dispatch({ ...consumer, handle });
    const keys = Array.from({ length: 60 }, (_, i) => `l${String(i)}`);
    await inTransaction(test.db, async (tx) => {
      for (const subjectId of keys) await publishEvent(tx, { type: 'user.updated', subjectId });
    });
    await waitFor('a part of it', async () => (await cursorOf('long')).seq > start);
    expect(seen.length).toBeLessThan(keys.length);
    await stop();
    const next = dispatch(consumer);
    await waitFor('the rest', () => seen.length >= keys.length);
    await next();
    expect(seen).toEqual(keys);
  });

  it('passes by what a consumer does not take, and goes on there after a stop [A-EVT-08]', async () => {
    const some = await noting('some', { types: ['project.created'] });
    const all = await noting('all');
    const stop = dispatch(some.consumer, all.consumer);
    await publish('one', 'project.created');
    await publish('two');
    await publish('three', 'project.created');
    await publish('four');
    await waitFor('all of them', () => all.seen.length === 4 && some.seen.length === 2);
    await stop();
    expect(some.seen).toEqual(['one', 'three']);
    expect((await cursorOf('some')).seq).toBe((await cursorOf('all')).seq);
    const again = dispatch(some.consumer, all.consumer);
    await publish('five', 'project.created');
    await waitFor('the next', () => all.seen.length === 5 && some.seen.length === 3);
    await again();
    expect(some.seen).toEqual(['one', 'three', 'five']);
  });

  it('gives its turns to whoever waits for them when it stops, with nothing handed over twice [A-EVT-08]', async () => {
    const { seen, consumer } = await noting('handed-on');
    const second: string[] = [];
    const first = dispatch(consumer);
    await publish('a');
    await waitFor('the first', () => seen.length === 1);
    const handle = async ({ subjectId }: EventRecord) => void second.push(subjectId ?? '');
    const next = dispatch({ ...consumer, handle });
    await publish('b');
    await waitFor('the second', () => seen.length === 2);
    await first();
    await publish('c');
    await waitFor('the third', () => second.length === 1);
    await next();
    expect([seen, second]).toEqual([['a', 'b'], ['c']]);
  });
});
