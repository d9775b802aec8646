import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EventRecord } from '../../contracts/event/types.ts';
import { type EventInput, publishEvent } from '../../domain/event/publish-event.ts';
import { readLastPosition } from '../../domain/event/read-events.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { dispatchBatch } from '../support/dispatch-batch.ts';
import { waitFor } from '../support/processes.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(120_000);

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  await test.drop();
});

function publish(input: EventInput): Promise<string> {
  return inTransaction(test.db, (tx) => publishEvent(tx, input));
}

/** A consumer that has seen all that was published until now. */
async function beginAtEnd(consumer: string): Promise<void> {
  const [xid = '0', seq = '0'] = (await readLastPosition(test.db)).split('-');
  await test.db.eventCursor.create({ data: { consumer, xid: BigInt(xid), seq: BigInt(seq) } });
}

describe('the outbox, when events take long', () => {
  it('hands many slow ones over once each, though all of them together take longer than one may [A-EVT-03, A-EVT-08]', async () => {
    await beginAtEnd('slow');
    const ids: string[] = [];
    for (let i = 0; i < 12; i += 1) ids.push(await publish({ type: 'user.updated' }));
    const seen: string[] = [];
    const handle = async (event: EventRecord) => {
      await new Promise((resolve) => setTimeout(resolve, 250));
      seen.push(event.id);
    };
    await waitFor('the end of them', async () => {
      const result = await dispatchBatch(test.db, 'slow', handle, 50, { timeoutMs: 2000 });
      return result.handled === 0 && result.retryInMs === null && seen.length > 0;
    });
    expect(seen).toEqual(ids);
  });

  it('counts one that does not come to an end as failed, so that the next ones go on [A-EVT-03]', async () => {
    await beginAtEnd('endless');
    const endless = await publish({ type: 'project.deleted' });
    const next = await publish({ type: 'project.created' });
    const seen: string[] = [];
    const handle = async (event: EventRecord) => {
      if (event.id === endless) await new Promise(() => undefined);
      seen.push(event.id);
    };
    const options = { timeoutMs: 1000, maxAttempts: 2 };
    await waitFor('the event after it', async () => {
      await dispatchBatch(test.db, 'endless', handle, 10, options);
      return seen.includes(next);
    });
    const letters = await test.db.eventDeadLetter.findMany({ where: { consumer: 'endless' } });
    expect(letters).toMatchObject([
      { eventId: endless, attempts: 2, error: 'Error: it was not handled within 1 s' },
    ]);
  });
});
