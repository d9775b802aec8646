import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EventRecord } from '../../contracts/event/types.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { readEventsAfter } from '../../domain/event/read-events.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { dispatchBatch } from '../support/dispatch-batch.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(300_000);

let test: TestDatabase;

beforeAll(async () => {
  test = await createTestDatabase({ max: 60 });
});
afterAll(() => test.drop());

/** A change that takes its number, works on for `holdMs`, and commits: others commit in between. */
async function publishSlowly(ledger: Ledger, key: string, holdMs: number): Promise<void> {
  ledger.ask(key);
  await inTransaction(test.db, async (tx) => {
    await publishEvent(tx, { type: 'user.updated', subjectId: key });
    if (holdMs > 0) await pause(holdMs);
  });
  ledger.acknowledge(key);
}

/** Follows the outbox until nothing has come for a while after `stopped`. */
async function followUntil(
  stopped: () => boolean,
  read: () => Promise<string[]>,
): Promise<string[]> {
  const seen: string[] = [];
  for (let quiet = 0; quiet < 5;) {
    const keys = await read();
    seen.push(...keys);
    quiet = keys.length === 0 && stopped() ? quiet + 1 : 0;
    await pause(keys.length === 0 ? 5 : 0);
  }
  return seen;
}

function commitOrderReader(): () => Promise<string[]> {
  let position: string | null = null;
  return async () => {
    const events = await readEventsAfter(test.db, position, 100);
    position = events.at(-1)?.position ?? position;
    return events.map((event) => event.subjectId ?? '');
  };
}

/** The mutant: everything that is committed, after the highest number seen. */
function highestNumberReader(): () => Promise<string[]> {
  let last = 0n;
  return async () => {
    const rows = await test.db.event.findMany({
      where: { seq: { gt: last } },
      orderBy: { seq: 'asc' },
      take: 100,
    });
    last = rows.at(-1)?.seq ?? last;
    return rows.map((row) => row.subjectId ?? '');
  };
}

describe('the outbox when a later number commits first (B5)', () => {
  it('loses no event in 1,000 rounds, while a reader by number loses some [A-EVT-01][A-EVT-08]', async () => {
    const ledger = new Ledger('outbox B5');
    let done = false;
    const reading = followUntil(() => done, commitOrderReader());
    const mutant = followUntil(() => done, highestNumberReader());
    const rounds = 1_000 * faultScale();
    let round = 0;
    const lane = async () => {
      while (round < rounds) {
        const name = `r${(round += 1)}`;
        const first = publishSlowly(ledger, `${name}-held`, ledger.between(5, 50));
        await pause(ledger.between(0, 4));
        const second = publishSlowly(ledger, `${name}-quick`, 0);
        await Promise.all([first.then(() => 'held'), second.then(() => 'quick')]);
      }
    };
    await Promise.all(Array.from({ length: 20 }, lane));
    done = true;
    const inversions = await test.db.$queryRaw<{ n: bigint }[]>`
      SELECT count(*) AS n FROM events a JOIN events b
        ON b.subject_id = replace(a.subject_id, '-held', '-quick')
       WHERE a.subject_id LIKE '%-held' AND a.seq < b.seq`;
    for (let i = 0; i < Number(inversions[0]?.n ?? 0); i += 1) ledger.fault('overtaken');

    // on a loaded machine the quick ones are not always second: what counts is that there were enough
    expect(ledger.faults.get('overtaken')).toBeGreaterThan(rounds / 10);
    expect(ledger.acknowledgements).toBe(2 * rounds);
    expect(ledger.check(await reading)).toEqual({ lost: [], doubled: [], unasked: [] });
    expect(ledger.check(await mutant).lost.length).toBeGreaterThan(0);
  });
});

describe('the dispatcher', () => {
  it('hands each of many events over once and in order with four dispatchers at work (B6) [A-EVT-08]', async () => {
    await test.db.event.deleteMany();
    const ledger = new Ledger('outbox B6');
    const count = 2_000 * faultScale();
    for (let at = 0; at < count; at += 100) {
      await inTransaction(test.db, async (tx) => {
        for (let i = at; i < at + 100; i += 1) {
          const key = `${i % 10}-${String(i).padStart(8, '0')}`;
          ledger.ask(key);
          await publishEvent(tx, { type: 'user.updated', subjectId: key });
          ledger.acknowledge(key);
        }
      });
    }
    const seen: string[] = [];
    const dispatcher = async () => {
      while (seen.length < count) {
        const handle = async (event: EventRecord) => void seen.push(event.subjectId ?? '');
        const { busy } = await dispatchBatch(test.db, 'four', handle, 50);
        if (busy) ledger.fault('two at once');
        await pause(ledger.between(0, 3));
      }
    };
    await Promise.all([1, 2, 3, 4].map(dispatcher));
    expect(ledger.faultCount).toBeGreaterThan(0);
    expect(ledger.check(seen)).toEqual({ lost: [], doubled: [], unasked: [] });
    for (let subject = 0; subject < 10; subject += 1) {
      const own = seen.filter((key) => key.startsWith(`${subject}-`));
      expect([...own].sort()).toEqual(own);
    }
  });

  it('loses no event when it dies between the effect and its mark; what comes twice has the same id (B4) [A-EVT-08]', async () => {
    await test.db.event.deleteMany();
    const ledger = new Ledger('outbox B4');
    const ids = new Map<string, Set<string>>();
    const effects: string[] = [];
    const deaths = 30 * faultScale();
    for (let i = 0; i < deaths * 2; i += 1) await publishSlowly(ledger, `k${i}`, 0);

    let dieAt = ledger.between(1, 4);
    const handle = async (event: EventRecord) => {
      const key = event.subjectId ?? '';
      effects.push(key);
      ids.set(key, (ids.get(key) ?? new Set()).add(event.id));
      if (ledger.faultCount >= deaths || (dieAt -= 1) > 0) return;
      // The effect is done, the mark is not: now its connection is cut, as if the process had died.
      const killed = await test.db.$queryRaw<{ ok: boolean }[]>`
        SELECT pg_terminate_backend(pid) AS ok FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'slipway-events'`;
      if (killed.length > 0) ledger.fault('died before the mark');
      dieAt = ledger.between(1, 4);
    };
    for (let quiet = 0; quiet < 3;) {
      const result = await dispatchBatch(test.db, 'mortal', handle, 5).catch(() => null);
      quiet = result?.handled === 0 && result.retryInMs === null ? quiet + 1 : 0;
    }
    expect(ledger.faults.get('died before the mark')).toBe(deaths);
    const { lost, doubled, unasked } = ledger.check(effects);
    expect({ lost, unasked }).toEqual({ lost: [], unasked: [] });
    expect(doubled.length).toBeGreaterThan(0);
    expect([...ids.values()].every((set) => set.size === 1)).toBe(true);
    expect(await test.db.eventDeadLetter.count({ where: { consumer: 'mortal' } })).toBe(0);
  });
});
