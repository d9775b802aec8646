import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { openLogWriter } from '../../domain/pipeline/append-log.ts';
import { finishLog } from '../../domain/pipeline/finish-log.ts';
import { createLogHub } from '../../domain/pipeline/log-hub.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { followLog, readLog } from '../../domain/pipeline/read-log.ts';
import { openListener } from '../../domain/shared/listen.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRunRows } from '../support/run-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.drop();
});

async function wholeLog(
  store: ReturnType<typeof createMemoryStore>,
  stepId: string,
): Promise<string> {
  const parts: Buffer[] = [];
  for (let at = 0n; ;) {
    const piece = await readLog(database.db, store, stepId, at);
    if (piece === null) return Buffer.concat(parts).toString();
    parts.push(piece.data);
    at += BigInt(piece.data.length);
  }
}

describe('the log of a step through faults', () => {
  it('loses and doubles no line while every connection to Postgres is cut again and again', async () => {
    const store = createMemoryStore();
    const rows = await makeRunRows(database.db);
    const killer = new pg.Client({ connectionString: database.url });
    await killer.connect();
    let kills = 0;
    const killing = setInterval(() => {
      void killer
        .query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        )
        .then(
          ({ rowCount }) => (kills += rowCount ?? 0),
          // the last one may be under way when this connection ends
          () => undefined,
        );
    }, 60);
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
      flushMs: 1,
    });
    const lines = Array.from({ length: 1500 }, (_, index) => `line ${String(index)}\n`);
    for (const line of lines) {
      await writer.write(Buffer.from(line));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await writer.close();
    clearInterval(killing);
    await killer.end();
    expect(kills).toBeGreaterThan(10);
    // a reader's connection from the pool may be among the last ones cut
    const read = await eventually(
      async () => await wholeLog(store, rows.stepId).catch(() => undefined),
    );
    expect(read).toBe(lines.join(''));
  }, 240_000);

  it('stores output once when the answer of the database is lost after the commit', async () => {
    const store = createMemoryStore();
    const rows = await makeRunRows(database.db);
    let lost = 0;
    const { db } = database;
    // every second append is stored, and then its answer never arrives
    const lossy = {
      $queryRaw: async (parts: TemplateStringsArray, ...values: unknown[]) => {
        const answer = await db.$queryRaw(parts, ...values);
        if (parts.join('').includes('INSERT INTO log_chunks') && ++lost % 2 === 1) {
          throw new Error('connection terminated');
        }
        return answer;
      },
    } as unknown as typeof db;
    const writer = await openLogWriter(lossy, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
      flushMs: 1,
    });
    const line = 'the same line each time\n';
    for (let index = 0; index < 20; index++) {
      await writer.write(Buffer.from(line));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { bytes } = await writer.close();
    expect(lost).toBeGreaterThan(3);
    expect(await wholeLog(store, rows.stepId)).toBe(line.repeat(20));
    expect(bytes).toBe(BigInt(line.length * 20));
  }, 240_000);

  it('gives a follower all of it when the announcements are lost', async () => {
    const store = createMemoryStore();
    const rows = await makeRunRows(database.db);
    const deaf = createLogHub({ on: () => () => undefined });
    const signal = new AbortController().signal;
    const pieces = followLog(database.db, store, deaf, {
      stepId: rows.stepId,
      from: 0n,
      signal,
      pollMs: 50,
    });
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    const writing = (async () => {
      for (let index = 0; index < 20; index++) {
        await writer.write(Buffer.from(`${String(index)}\n`));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await writer.close();
      await database.db.pipelineStep.update({
        where: { id: rows.stepId },
        data: { status: 'success' },
      });
    })();
    let text = '';
    for await (const piece of pieces) text += piece.data.toString();
    await writing;
    expect(text).toBe(Array.from({ length: 20 }, (_, index) => `${String(index)}\n`).join(''));
  });

  it('is whole after moving it stopped at any point, and ran again, twice at once', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    const text = 'a line of output\n'.repeat(20_000);
    await writer.write(Buffer.from(text));
    await writer.close();
    const store = createMemoryStore();
    // the process ended after the object was written, before the database knew
    const dying = {
      ...store,
      put: async (...args: Parameters<typeof store.put>) => {
        await store.put(...args);
        throw new Error('killed');
      },
    };
    await expect(finishLog(database.db, dying, rows.stepId)).rejects.toThrow('killed');
    expect(await wholeLog(store, rows.stepId)).toBe(text);
    const both = await Promise.allSettled(
      [1, 2, 3].map(async () => await finishLog(database.db, store, rows.stepId)),
    );
    expect(both.some((result) => result.status === 'fulfilled')).toBe(true);
    expect(await wholeLog(store, rows.stepId)).toBe(text);
    await finishLog(database.db, store, rows.stepId);
    expect(await wholeLog(store, rows.stepId)).toBe(text);
    expect(await database.db.logChunk.count({ where: { stepId: rows.stepId } })).toBe(0);
  });

  it('wakes a follower whose listening connection was lost and came back', async () => {
    const store = createMemoryStore();
    const rows = await makeRunRows(database.db);
    const listener = await openListener(database.url);
    const hub = createLogHub(listener);
    const signal = new AbortController().signal;
    const pieces = followLog(database.db, store, hub, {
      stepId: rows.stepId,
      from: 0n,
      signal,
      pollMs: 60_000,
    });
    const first = pieces.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const killer = new pg.Client({ connectionString: database.url });
    await killer.connect();
    await killer.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'slipway-listen' AND datname = current_database()",
    );
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    await writer.write(Buffer.from('while nobody listened\n'));
    await writer.close();
    expect((await first).value).toMatchObject({ data: Buffer.from('while nobody listened\n') });
    await pieces.return(null);
    await killer.end();
    hub.close();
    await listener.close();
  }, 240_000);
});
