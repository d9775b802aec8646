import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EventRecord } from '../../contracts/event/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { type EventBus, openEventBus } from '../../domain/event/event-bus.ts';
import { type EventInput, publishEvent } from '../../domain/event/publish-event.ts';
import { readLastPosition } from '../../domain/event/read-events.ts';
import { type Listener, openListener } from '../../domain/shared/listen.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { dispatchBatch } from '../support/dispatch-batch.ts';
import { waitFor } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let test: TestDatabase;
let listener: Listener;
const errors: object[] = [];
const log = { error: (fields: object) => void errors.push(fields) };
const buses: EventBus[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  listener = await openListener(test.url);
});

afterAll(async () => {
  for (const bus of buses) bus.close();
  await listener.close();
  await test.drop();
});

function publish(input: EventInput): Promise<string> {
  return inTransaction(test.db, (tx) => publishEvent(tx, input));
}

/** Has a consumer begin with what comes from now on. */
async function beginHere(consumer: string): Promise<void> {
  const [xid = '0', seq = '0'] = (await readLastPosition(test.db)).split('-');
  await test.db.eventCursor.create({ data: { consumer, xid: BigInt(xid), seq: BigInt(seq) } });
}

async function openBus(): Promise<EventBus> {
  const bus = await openEventBus({ db: test.db, listener, log });
  buses.push(bus);
  return bus;
}

describe('publishing an event', () => {
  it('keeps a row with the payload and its message, unless told otherwise [A-EVT-01]', async () => {
    const before = Date.now();
    const id = await publish({
      type: 'qa.passed',
      projectId: 'prj_1',
      payload: { step_run_id: 's1', score: 1, message: 'all green' },
    });
    const row = await test.db.event.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ type: 'qa.passed', projectId: 'prj_1', message: 'all green' });
    expect(row.payload).toEqual({ step_run_id: 's1', score: 1, message: 'all green' });
    expect(row.createdAt.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    expect(row.createdAt.getTime()).toBeLessThanOrEqual(Date.now() + 1_000);

    const silent = await publish({ type: 'user.created' });
    expect((await test.db.event.findUniqueOrThrow({ where: { id: silent } })).message).toBe('');
  });

  it('keeps no row when told not to, and still tells who listens [A-EVT-01]', async () => {
    const bus = await openBus();
    const heard: EventRecord[] = [];
    bus.subscribe('qa.started', (event) => void heard.push(event));
    const payload = { step_run_id: 's2' };
    const id = await publish({ type: 'qa.started', payload, persist: false });
    await waitFor('the live event', () => heard.length > 0);
    expect(heard[0]).toMatchObject({ id, payload, position: '' });
    expect(await test.db.event.count({ where: { id } })).toBe(0);
  });

  it('leaves nothing when the transaction of its change fails [A-EVT-01]', async () => {
    const failed = inTransaction(test.db, async (tx) => {
      await publishEvent(tx, { type: 'user.updated', subjectId: 'usr_gone' });
      throw new Error('the change failed');
    });
    await expect(failed).rejects.toThrow('the change failed');
    expect(await test.db.event.count({ where: { subjectId: 'usr_gone' } })).toBe(0);
  });

  it('refuses a payload that lacks what its type promises [A-EVT-06]', async () => {
    const lacking = publish({ type: 'qa.failed', payload: { step_run_id: 's1' } });
    await expect(lacking).rejects.toThrow('payload of qa.failed is not as promised: findings');
  });

  it('keeps odd text that the database would refuse [A-EVT-01]', async () => {
    const id = await publish({
      type: 'user.updated',
      message: 'a\0b',
      payload: { note: '\ud800' },
    });
    const row = await test.db.event.findUniqueOrThrow({ where: { id } });
    expect(row.message).toBe('a\uFFFDb');
    expect(row.payload).toEqual({ note: '\uFFFD' });
  });
});

describe('the event bus', () => {
  it('tells a wildcard handler every event once, after many subscriptions and events [A-EVT-02]', async () => {
    const bus = await openBus();
    const all: string[] = [];
    const created: string[] = [];
    bus.subscribe('*', (event) => void all.push(event.id));
    bus.subscribe('project.created', (event) => void created.push(event.id));
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      ids.push(await publish({ type: i % 2 === 0 ? 'project.created' : 'project.updated' }));
    }
    // an event from before may still be unsettled when the bus opens: it is told as well
    const own = (heard: string[]) => heard.filter((id) => ids.includes(id));
    await waitFor('all events', () => own(all).length >= 20);
    expect(own(all)).toEqual(ids);
    expect(own(created)).toEqual(ids.filter((_, i) => i % 2 === 0));
  });

  it('takes handlers that answer later, and logs one that fails without stopping any [A-EVT-02][A-EVT-03]', async () => {
    const bus = await openBus();
    const heard: string[] = [];
    bus.subscribe('user.created', () => {
      throw new Error('first handler');
    });
    bus.subscribe('user.created', () => Promise.reject(new Error('second handler')));
    bus.subscribe('user.created', async (event) => {
      await Promise.resolve();
      heard.push(event.id);
    });
    const before = errors.length;
    const first = await publish({ type: 'user.created' });
    const second = await publish({ type: 'user.created' });
    await waitFor('both events', () => heard.length === 2);
    expect(heard).toEqual([first, second]);
    expect(errors.length - before).toBe(4);
    expect(errors.at(-1)).toMatchObject({ eventType: 'user.created' });
  });

  it('forgets a handler that stopped to hear [A-EVT-04]', async () => {
    const bus = await openBus();
    const stops = [1, 2, 3].map(() => bus.subscribe('*', () => undefined));
    expect(bus.subscribers).toBe(3);
    for (const stop of stops) stop();
    expect(bus.subscribers).toBe(0);
  });

  it('hears what another process published, also after its connections were cut [A-EVT-08]', async () => {
    const otherListener = await openListener(test.url);
    const other = await openEventBus({ db: test.db, listener: otherListener, log });
    const heard: string[] = [];
    other.subscribe('*', (event) => void heard.push(event.id));
    const first = await publish({ type: 'access.changed' });
    await waitFor('the event', () => heard.includes(first));

    await test.db.$queryRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'slipway-listen'`;
    const second = await publish({ type: 'access.changed' });
    await waitFor('the second event', () => heard.includes(second));
    expect(heard).toEqual([first, second]);
    other.close();
    await otherListener.close();
  });

  it('tells an event that waited for an older one to be published, also when that fails [A-EVT-08]', async () => {
    for (const end of ['commits', 'fails']) {
      const bus = await openBus();
      const heard: string[] = [];
      bus.subscribe('user.deactivated', (event) => void heard.push(event.subjectId ?? ''));
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let publishedFirst = (): void => undefined;
      const first = new Promise<void>((resolve) => (publishedFirst = resolve));
      const older = inTransaction(test.db, async (tx) => {
        await publishEvent(tx, { type: 'user.deactivated', subjectId: 'first' });
        publishedFirst();
        await held;
        if (end === 'fails') throw new Error('the change failed');
      }).catch(() => undefined);
      await first;
      await publish({ type: 'user.deactivated', subjectId: 'second' });
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(heard).toEqual([]);
      release();
      await older;
      await waitFor('the event', () => heard.includes('second'));
      expect(heard).toEqual(end === 'fails' ? ['second'] : ['first', 'second']);
      bus.close();
    }
  });
});

describe('dispatching the outbox', () => {
  it('hands events over in order, once, and goes on where it stopped [A-EVT-08]', async () => {
    const seen: string[] = [];
    const handle = async (event: EventRecord) => void seen.push(event.id);
    const ids: string[] = [];
    for (let i = 0; i < 20; i += 1) ids.push(await publish({ type: 'user.updated' }));
    await waitFor('all of them', async () => {
      await dispatchBatch(test.db, 'in-order', handle, 7);
      return ids.every((id) => seen.includes(id));
    });
    // what other tests published comes before
    expect(seen.slice(-ids.length)).toEqual(ids);
    expect(new Set(seen).size).toBe(seen.length);
    const id = await publish({ type: 'user.updated' });
    await waitFor('the next event', async () => {
      return (await dispatchBatch(test.db, 'in-order', handle, 7)).handled === 1;
    });
    expect(seen.at(-1)).toBe(id);
  });

  it('tries a failing event again before the next one, then makes it a dead letter [A-EVT-03]', async () => {
    await beginHere('poisoned');
    const poison = await publish({ type: 'project.deleted' });
    const next = await publish({ type: 'project.created' });
    const tries: string[] = [];
    const handle = async (event: EventRecord) => {
      tries.push(event.id);
      if (event.id === poison) throw new Error('it never works');
    };
    await waitFor('the event after the poison', async () => {
      await dispatchBatch(test.db, 'poisoned', handle, 10, { maxAttempts: 3 });
      return tries.includes(next);
    });
    expect(tries).toEqual([poison, poison, poison, next]);
    const letters = await test.db.eventDeadLetter.findMany({ where: { consumer: 'poisoned' } });
    expect(letters).toMatchObject([
      { eventId: poison, attempts: 3, error: 'Error: it never works', nextTryAt: null },
    ]);
  });

  it('waits ever longer for room on a disk and for a key, then gives the event up and goes on [A-EVT-03]', async () => {
    const consumer = 'full';
    await beginHere(consumer);
    const full = await publish({ type: 'project.deleted' });
    const next = await publish({ type: 'project.created' });
    const tries: string[] = [];
    const waits: number[] = [];
    const handle = async (event: EventRecord) => {
      tries.push(event.id);
      if (event.id !== full) return;
      throw new DomainError(waits.length % 2 === 0 ? 'disk_full' : 'sealed', 'There is no room.');
    };
    await waitFor('the event after it', async () => {
      const { retryInMs } = await dispatchBatch(test.db, consumer, handle, 10);
      if (retryInMs !== null) waits.push(Math.round(retryInMs / 1000));
      // The test does not wait.
      await test.db.eventCursor.update({ where: { consumer }, data: { retryAt: null } });
      return tries.includes(next);
    });
    expect(waits).toEqual([1, 1, 2, 4, 8, 15, 30, 60, 60]);
    expect(tries).toEqual([...Array.from({ length: 10 }, () => full), next]);
    expect(await test.db.eventDeadLetter.findMany({ where: { consumer } })).toMatchObject([
      { eventId: full, attempts: 10, error: expect.stringContaining('There is no room.') },
    ]);
  });

  it('gives an event up after five tries that took too long, for it speaks of one repository only [A-EVT-03]', async () => {
    const consumer = 'too-long';
    await beginHere(consumer);
    const long = await publish({ type: 'project.deleted' });
    const next = await publish({ type: 'project.created' });
    const tries: string[] = [];
    const waits: number[] = [];
    const handle = async (event: EventRecord) => {
      tries.push(event.id);
      if (event.id === long) throw new DomainError('timed_out', 'git took too long to answer.');
    };
    await waitFor('the event after it', async () => {
      const { retryInMs } = await dispatchBatch(test.db, consumer, handle, 10);
      if (retryInMs !== null) waits.push(retryInMs);
      // The test does not wait.
      await test.db.eventCursor.updateMany({ where: { consumer }, data: { retryAt: null } });
      return tries.includes(next);
    });
    expect(waits).toEqual([100, 300, 1_000, 2_000]);
    expect(tries).toEqual([...Array.from({ length: 5 }, () => long), next]);
  });

  it('never gives an event up while the other side is away [A-EVT-03]', async () => {
    await beginHere('away');
    const id = await publish({ type: 'project.created' });
    let tries = 0;
    const handled: string[] = [];
    const handle = async (event: EventRecord) => {
      tries += 1;
      if (tries <= 4) throw new DomainError('unavailable', 'Temporal is away.');
      handled.push(event.id);
    };
    await waitFor('its return', async () => {
      await dispatchBatch(test.db, 'away', handle, 10, { maxAttempts: 2 });
      return handled.length > 0;
    });
    expect(handled).toEqual([id]);
    expect(await test.db.eventDeadLetter.count({ where: { consumer: 'away' } })).toBe(0);
  });
});
