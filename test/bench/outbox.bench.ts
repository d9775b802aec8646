import pg from 'pg';
import { openEventBus } from '../../domain/event/event-bus.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { openListener } from '../../domain/shared/listen.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { runDispatcher } from '../../workers/run-dispatcher.ts';
import { keepFigures, machineNow } from '../support/bench.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { waitFor } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

/*
 * From the commit of a published event to the handler of a consumer and to a subscriber of the bus: idle, beside a write
 * transaction without an event in this database and in another one, and beside a COPY. One event after the other. A COPY
 * takes a processor and the log as well, so beside it a statement that touches no event is timed too.
 */
const HOLD_MS = Number(process.env['BENCH_HOLD_SECONDS'] ?? 10) * 1000;
const COPY_MB = Number(process.env['BENCH_COPY_MB'] ?? 1000);
const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 200);
const warm = 30;
const gapMs = 20;

interface Times {
  consumer: number[];
  bus: number[];
  /** a transaction that writes one row and no event */
  peer: number[];
}

const tenth = (value: number) => Math.round(value * 10) / 10;

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
  return { p50: tenth(at(0.5)), p95: tenth(at(0.95)), longest: tenth(at(1)), n: sorted.length };
}

/** Publishes one event at a time for as long as `goesOn`, and waits for both who hear it. */
async function openMeter({ db, url }: TestDatabase) {
  const listener = await openListener(url);
  const heard = { consumer: new Map<string, number>(), bus: new Map<string, number>() };
  const log = { debug: () => 0, info: () => 0, warn: () => 0, error: () => 0 } as never;
  const bus = await openEventBus({ db, listener, log });
  bus.subscribe('*', ({ id }) => void heard.bus.set(id, performance.now()));
  const handle = async ({ id }: { id: string }) => void heard.consumer.set(id, performance.now());
  const stop = runDispatcher({ url, listener, log, consumers: [{ name: 'bench', handle }] });
  await db.$executeRaw`CREATE TABLE bench_peer (n int)`;

  const measure = async (goesOn: (count: number) => boolean): Promise<Times> => {
    const times: Times = { consumer: [], bus: [], peer: [] };
    for (let count = 0; goesOn(count); count += 1) {
      let before = performance.now();
      const id = await inTransaction(db, async (tx) => {
        const published = await publishEvent(tx, { type: 'user.updated', message: 'bench' });
        before = performance.now();
        return published;
      });
      const both = () => heard.bus.has(id) && heard.consumer.has(id);
      await waitFor('who hears it', both, { everyMs: 1, timeoutMs: 120_000 });
      times.consumer.push((heard.consumer.get(id) ?? 0) - before);
      times.bus.push((heard.bus.get(id) ?? 0) - before);
      await inTransaction(db, async (tx) => {
        await tx.$executeRaw`INSERT INTO bench_peer VALUES (1)`;
        before = performance.now();
      });
      times.peer.push(performance.now() - before);
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
    return times;
  };
  const close = async () => {
    await stop();
    bus.close();
    await listener.close();
  };
  return { measure, close };
}

async function besideTransaction<T>(url: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('BEGIN; UPDATE access_epoch SET epoch = epoch');
    return await work();
  } finally {
    await client.query('ROLLBACK');
    await client.end();
  }
}

async function besideCopy(url: string, work: (goesOn: () => boolean) => Promise<Times>) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('CREATE TABLE bench_copy (line text)');
    const source = `head -c ${String(COPY_MB)}000000 /dev/zero | tr '\\0' x | fold -w 1000`;
    const sql = `COPY bench_copy FROM PROGRAM '${source.replaceAll("'", "''")}'`;
    let going = true;
    const copy = client.query(sql).finally(() => (going = false));
    const times = await work(() => going);
    await copy;
    return times;
  } finally {
    await client.end();
  }
}

function judge(times: Times, idle: Times) {
  const ratio = (a: readonly number[], b: readonly number[], q: 'p50' | 'p95') =>
    Math.round((spread(a)[q] / spread(b)[q]) * 100) / 100;
  const part = (name: keyof Times) => ({
    ...spread(times[name]),
    timesIdle: {
      p50: ratio(times[name], idle[name], 'p50'),
      p95: ratio(times[name], idle[name], 'p95'),
    },
  });
  return { consumerMs: part('consumer'), busMs: part('bus'), peerCommitMs: part('peer') };
}

async function measureAll(test: TestDatabase, other: TestDatabase) {
  const meter = await openMeter(test);
  await meter.measure((count) => count < warm);
  const idle = await meter.measure((count) => count < EVENTS);
  const during = () => {
    const until = performance.now() + HOLD_MS;
    return meter.measure(() => performance.now() < until);
  };
  const here = await besideTransaction(test.url, during);
  const there = await besideTransaction(other.url, during);
  const copy = await besideCopy(other.url, (goesOn) => meter.measure(goesOn));
  const idleAfter = await meter.measure((count) => count < EVENTS);
  await meter.close();
  const both: Times = {
    consumer: [...idle.consumer, ...idleAfter.consumer],
    bus: [...idle.bus, ...idleAfter.bus],
    peer: [...idle.peer, ...idleAfter.peer],
  };
  return {
    target: 'p50 and p95 of consumer and bus at most 1.2 times idle',
    idle: judge(both, both),
    besideTransaction: judge(here, both),
    besideTransactionInOtherDatabase: judge(there, both),
    [`besideCopyOf${String(COPY_MB)}Mb`]: judge(copy, both),
  };
}

const machine = { at: new Date().toISOString(), ...machineNow() };
await setup();
try {
  const [test, other] = [await createTestDatabase(), await createTestDatabase()];
  try {
    await keepFigures('outbox', { ...machine, ...(await measureAll(test, other)) });
  } finally {
    await test.drop();
    await other.drop();
  }
} finally {
  await teardown();
}
process.exit(0);
