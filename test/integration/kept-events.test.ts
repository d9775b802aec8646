import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EventRecord } from '../../contracts/event/types.ts';
import { ensureEventOrder } from '../../domain/event/ensure-event-order.ts';
import { type EventInput, publishEvent } from '../../domain/event/publish-event.ts';
import { purgeEvents } from '../../domain/event/purge-events.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { dispatchBatch } from '../support/dispatch-batch.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function publish(input: EventInput): Promise<string> {
  return inTransaction(test.db, (tx) => publishEvent(tx, input));
}

describe('retention', () => {
  it('removes an event of 91 days and keeps one of 89, and what a consumer has not seen [A-EVT-07]', async () => {
    const old = await publish({ type: 'user.created', message: '91' });
    const young = await publish({ type: 'user.created', message: '89' });
    const unseen = await publish({ type: 'user.created', message: 'unseen' });
    const age = (id: string, days: number) =>
      test.db.event.update({
        where: { id },
        data: { createdAt: new Date(Date.now() - days * 86_400_000) },
      });
    await age(old, 91);
    await age(young, 89);
    await age(unseen, 91);
    const { xid, seq } = await test.db.event.findUniqueOrThrow({ where: { id: young } });
    await test.db.eventCursor.deleteMany();
    await test.db.eventCursor.create({ data: { consumer: 'slow', xid, seq } });
    expect(await purgeEvents(test.db, 90)).toBe(1);
    const left = await test.db.event.findMany({ where: { id: { in: [old, young, unseen] } } });
    expect(left.map((event) => event.id).sort()).toEqual([young, unseen].sort());
  });
});

describe('an outbox of the version before', () => {
  it('goes on in order after the upgrade, after going back, and in another cluster [A-EVT-08]', async () => {
    const restored = await createTestDatabase();
    const { db } = restored;
    const send = (message: string) =>
      inTransaction(db, (tx) => publishEvent(tx, { type: 'user.created', message }));
    const seen: string[] = [];
    const handle = async (event: EventRecord) => void seen.push(event.message);
    const goBack = `ALTER TABLE events ALTER COLUMN xid SET DEFAULT (pg_current_xact_id())::text::bigint`;
    await db.$executeRawUnsafe(goBack);
    for (let i = 0; i < 5; i += 1) await send(`old ${i}`);
    await dispatchBatch(db, 'consumer', handle, 1);
    // Transaction numbers of a server that had run for longer.
    await db.$executeRaw`UPDATE events SET xid = xid + 4000000000`;
    await db.$executeRaw`UPDATE event_cursors SET xid = xid + 4000000000`;
    expect(await ensureEventOrder(db)).toBe(true);
    expect(await ensureEventOrder(db)).toBe(false);
    await send('new');
    await dispatchBatch(db, 'consumer', handle, 3);
    await dispatchBatch(db, 'consumer', handle, 10);
    expect(seen).toEqual(['old 0', 'old 1', 'old 2', 'old 3', 'old 4', 'new']);
    await restored.drop();
  });
});
