import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLogWriter } from '../../domain/pipeline/append-log.ts';
import { finishLog } from '../../domain/pipeline/finish-log.ts';
import { createLogHub, type LogHub } from '../../domain/pipeline/log-hub.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { openListener, type Listener } from '../../domain/shared/listen.ts';
import { startFlakyProxy } from '../support/flaky-proxy.ts';
import { Ledger } from '../support/ledger.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { readServerEvents } from '../support/sse.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let listener: Listener;
let hub: LogHub;
let api: TestApi;
const store = createMemoryStore();

beforeAll(async () => {
  database = await createTestDatabase();
  listener = await openListener(database.url);
  hub = createLogHub(listener);
  api = await startTestApi(database, { services: { objectStore: store, logHub: hub } });
});

afterAll(async () => {
  await api.stop();
  hub.close();
  await listener.close();
  await database.drop();
});

interface Seen {
  text: string;
  /** pieces that did not begin where the one before ended */
  outOfOrder: number;
  connections: number;
  end: unknown;
}

/** Follows as a browser does: after each loss it comes back with the last id it saw. */
async function followThrough(baseUrl: string, rows: RunRows, token: string): Promise<Seen> {
  const seen: Seen = { text: '', outOfOrder: 0, connections: 0, end: null };
  const parts: string[] = [];
  let lastEventId: string | undefined;
  while (seen.end === null && seen.connections < 2000) {
    seen.connections += 1;
    const url = `${baseUrl}/api/v1/pipelines/${rows.pipelineId}/steps/${rows.stepName}/logs?follow=1`;
    try {
      for await (const event of readServerEvents(url, {
        token,
        ...(lastEventId && { lastEventId }),
      })) {
        if (event.event === 'end') seen.end = JSON.parse(event.data);
        if (event.event !== 'log') continue;
        const { offset, text } = JSON.parse(event.data) as { offset: number; text: string };
        if (String(offset) !== (lastEventId ?? '0')) seen.outOfOrder += 1;
        parts.push(text);
        lastEventId = event.id ?? lastEventId;
      }
    } catch {
      // the connection was reset: come back
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  seen.text = parts.join('');
  return seen;
}

describe('following a log over a network that resets connections [C4]', () => {
  it('shows each of 50,000 lines once and in order, while the log grows and moves [A-PIPE-06]', async () => {
    const ledger = new Ledger('sse');
    const rows = await makeRunRows(database.db);
    await bindTestRole(database.db, rows.userId, 'admin');
    const { token } = await createTestToken(database.db, rows.userId);
    const proxy = await startFlakyProxy(api.baseUrl, () => 50 + Math.random() * 250);
    const followers = [1, 2].map(async () => await followThrough(proxy.baseUrl, rows, token));
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker(['unused-secret']),
    });
    const lines = Array.from(
      { length: 50_000 },
      (_, index) => `${String(ledger.seed)} line ${String(index)} ✓\n`,
    );
    for (let at = 0; at < lines.length; at += 250) {
      await writer.write(Buffer.from(lines.slice(at, at + 250).join('')));
      if (at % 20_000 === 10_000) await finishLog(database.db, store, rows.stepId);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await writer.close();
    await finishLog(database.db, store, rows.stepId);
    await database.db.pipelineStep.update({
      where: { id: rows.stepId },
      data: { status: 'failure', exitCode: 3 },
    });
    for (const seen of await Promise.all(followers)) {
      const got = seen.text.split('\n').slice(0, -1);
      const numbers = got.map((line) => Number(/line (\d+)/.exec(line)?.[1]));
      expect({
        missing: lines.length - new Set(numbers).size,
        doubled: numbers.length - new Set(numbers).size,
        outOfOrder: seen.outOfOrder,
      }).toEqual({ missing: 0, doubled: 0, outOfOrder: 0 });
      expect(seen.text).toBe(lines.join(''));
      expect(seen.end).toEqual({ status: 'failure', exitCode: 3 });
      expect(seen.connections).toBeGreaterThan(5);
    }
    expect(proxy.resets()).toBeGreaterThan(10);
    await proxy.close();
  }, 240_000);

  it('costs a bounded amount of memory when a client does not read [C4]', async () => {
    const rows = await makeRunRows(database.db);
    await bindTestRole(database.db, rows.userId, 'admin');
    const { token } = await createTestToken(database.db, rows.userId);
    const writer = await openLogWriter(database.db, {
      stepId: rows.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    const line = Buffer.from(`${'x'.repeat(1023)}\n`);
    for (let index = 0; index < 40_000; index++) await writer.write(line);
    await writer.close();
    const url = `/api/v1/pipelines/${rows.pipelineId}/steps/${rows.stepName}/logs?follow=1`;
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    const stuck = await Promise.all(
      Array.from({ length: 20 }, async () => await api.get(url, token)),
    );
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().external - before;
    await Promise.all(stuck.map(async (response) => await response.body?.cancel()));
    // 20 clients × 40 MB would be 800 MB; kernel buffers and a piece each are a few
    expect(grown).toBeLessThan(150 * 1024 * 1024);
  }, 240_000);
});
