import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openLogWriter } from '../../domain/pipeline/append-log.ts';
import { finishLog } from '../../domain/pipeline/finish-log.ts';
import { createLogHub, type LogHub } from '../../domain/pipeline/log-hub.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { CredentialWatch } from '../../domain/identity/watch-credentials.ts';
import { openListener, type Listener } from '../../domain/shared/listen.ts';
import { createTestUser } from '../support/callers.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { readServerEvents } from '../support/sse.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let listener: Listener;
let hub: LogHub;
let api: TestApi;
let rows: RunRows;
let token: string;
let logs: string;
const store = createMemoryStore();
const stopping = new AbortController();
const text = 'erste Zeile ä\nsecond line €\n';

beforeAll(async () => {
  database = await createTestDatabase();
  listener = await openListener(database.url);
  hub = createLogHub(listener);
  const services = { objectStore: store, logHub: hub, stopSignal: stopping.signal };
  api = await startTestApi(database, { services, watchEveryMs: 100 });
  rows = await makeRunRows(database.db);
  await bindTestRole(database.db, rows.userId, 'viewer');
  token = (await createTestToken(database.db, rows.userId)).token;
  logs = `/api/v1/pipelines/${rows.pipelineId}/steps/${rows.stepName}/logs`;
  const writer = await openLogWriter(database.db, {
    stepId: rows.stepId,
    attempt: 1,
    masker: createMasker([]),
  });
  await writer.write(Buffer.from(text));
  await writer.close();
});

afterAll(async () => {
  await api.stop();
  hub.close();
  await listener.close();
  await database.drop();
});

describe('the address of a step log', () => {
  it('gives the text so far, from an offset, and as a download, in rows and from the store [A-PIPE-06]', async () => {
    for (const isMoved of [false, true]) {
      if (isMoved) await finishLog(database.db, store, rows.stepId);
      const whole = await api.get(logs, token);
      expect(whole.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(whole.headers.get('content-disposition')).toBeNull();
      expect(await whole.text()).toBe(text);
      const offset = Buffer.byteLength('erste Zeile ä\n');
      expect(await (await api.get(`${logs}?offset=${String(offset)}`, token)).text()).toBe(
        'second line €\n',
      );
      expect(await (await api.get(`${logs}?offset=999999`, token)).text()).toBe('');
      const download = await api.get(`${logs}?download=1`, token);
      expect(download.headers.get('content-disposition')).toBe('attachment; filename="build.log"');
      await download.body?.cancel();
    }
  });

  it('gives some lines of a long one around its start, its end, its first failure or a line, and says where they stand [A-PIPE-06]', async () => {
    const step = await makeRunRows(database.db);
    await bindTestRole(database.db, step.userId, 'viewer');
    const { token: theirs } = await createTestToken(database.db, step.userId);
    const lines = Array.from({ length: 20_000 }, (_, at) => `ä line ${String(at)}`);
    lines[12_345] = '\u001b[31mError: the total is wrong';
    lines[15_000] = 'Error: and another one';
    const options = { stepId: step.stepId, attempt: 1, masker: createMasker([]) };
    const writer = await openLogWriter(database.db, options);
    // the last line has no end yet
    await writer.write(Buffer.from(lines.join('\n')));
    await writer.close();
    const address = `/api/v1/pipelines/${step.pipelineId}/steps/${step.stepName}/logs`;
    const ask = async (query: string) => {
      const answer = await api.get(`${address}?${query}`, theirs, { accept: 'application/json' });
      expect(answer.status).toBe(200);
      const part = (await answer.json()) as {
        pieces: { offset: number; text: string }[];
        next: number;
        window: { start: number; line: number; lines: number; failure: number | null };
      };
      return {
        ...part,
        shown: part.pieces
          .map((piece) => piece.text)
          .join('')
          .split('\n'),
      };
    };
    for (const isMoved of [false, true]) {
      if (isMoved) await finishLog(database.db, store, step.stepId);
      for (const around of ['start', 'end', 'failure', '7000', '30000']) {
        const { shown, window, next, pieces } = await ask(`around=${around}`);
        expect(window.lines).toBe(20_000);
        expect(shown.slice(0, 100)).toEqual(lines.slice(window.line, window.line + 100));
        expect(window.start).toBe(
          Buffer.byteLength(
            lines
              .slice(0, window.line)
              .map((one) => `${one}\n`)
              .join(''),
          ),
        );
        expect(pieces[0]?.offset).toBe(window.start);
        expect(next - window.start).toBeLessThanOrEqual(128 * 1024);
        if (around === 'start' || around === '30000') expect(window.line).toBe(0);
        if (around === 'end') expect(shown.at(-1)).toBe(lines.at(-1));
        expect(window.failure).toBe(around === 'failure' ? 12_345 : null);
        if (around === 'failure') expect(shown[12_345 - window.line]).toBe(lines[12_345]);
        if (around === '7000') expect(shown[7000 - window.line]).toBe(lines[7000]);
      }
      const part = await ask('offset=0&limit=2048');
      expect(part.next).toBeLessThanOrEqual(128 * 1024);
    }
  });

  it('gives text without anything that a terminal acts upon, the bytes as they are when asked, and says whose words they are [A-PIPE-06]', async () => {
    const step = await makeRunRows(database.db);
    await bindTestRole(database.db, step.userId, 'viewer');
    const { token: theirs } = await createTestToken(database.db, step.userId);
    const address = `/api/v1/pipelines/${step.pipelineId}/steps/${step.stepName}/logs`;
    const writer = await openLogWriter(database.db, {
      stepId: step.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    await writer.note('--- attempt 1 ---');
    const said = 'a\u001b[31mred\u001b[0m\u009b2J\r\n\u001b]0;title\u0007ü\u202e\n';
    for (const byte of Buffer.from(said)) await writer.write(Buffer.from([byte]));
    await writer.close();
    await database.db.pipelineStep.update({
      where: { id: step.stepId },
      data: { status: 'success' },
    });
    for (const isMoved of [false, true]) {
      if (isMoved) await finishLog(database.db, store, step.stepId);
      const plain = await (await api.get(address, theirs)).text();
      expect(plain).toBe('--- attempt 1 ---\nared\nü\\u{202e}\n');
      const download = await (await api.get(`${address}?download=1`, theirs)).text();
      expect(download).toBe(plain);
      const raw = await (await api.get(`${address}?raw=1`, theirs)).text();
      expect(raw).toBe(`--- attempt 1 ---\n${said}`);
      // offsets are of the stored bytes in either form
      const behind = Buffer.byteLength(raw) - Buffer.byteLength('ü\u202e\n');
      const rest = await api.get(`${address}?offset=${String(behind)}`, theirs);
      expect(await rest.text()).toBe('ü\\u{202e}\n');
      const events: unknown[] = [];
      const url = `${api.baseUrl}${address}?follow=1`;
      for await (const event of readServerEvents(url, { token: theirs })) {
        if (event.event === 'log') events.push(JSON.parse(event.data));
      }
      expect(events[0]).toEqual({ offset: 0, text: '--- attempt 1 ---\n', by: 'platform' });
      expect(events.slice(1)).toEqual(
        events.slice(1).map(() => expect.objectContaining({ by: 'step' })),
      );
    }
  });

  it('comes part by part to whoever asks again, none of it twice, until its step has ended [A-PIPE-06]', async () => {
    const step = await makeRunRows(database.db);
    await bindTestRole(database.db, step.userId, 'viewer');
    const { token: theirs } = await createTestToken(database.db, step.userId);
    const address = `/api/v1/pipelines/${step.pipelineId}/steps/${step.stepName}/logs`;
    const writer = await openLogWriter(database.db, {
      stepId: step.stepId,
      attempt: 1,
      masker: createMasker([]),
    });
    interface Part {
      pieces: { offset: number; text: string; by: string }[];
      next: number;
      isEnd: boolean;
    }
    const ask = async (offset: number): Promise<Part> => {
      const headers = { accept: 'application/json' };
      return (await (
        await api.get(`${address}?offset=${String(offset)}`, theirs, headers)
      ).json()) as Part;
    };
    await writer.note('--- attempt 1 ---');
    await writer.write(Buffer.from('first ü\n'));
    const first = await eventually(async () => {
      const part = await ask(0);
      return part.pieces.length === 2 ? part : undefined;
    });
    expect(first.pieces.map(({ text, by }) => [by, text])).toEqual([
      ['platform', '--- attempt 1 ---\n'],
      ['step', 'first ü\n'],
    ]);
    expect(first.isEnd).toBe(false);
    expect(await ask(first.next)).toMatchObject({ pieces: [], next: first.next, isEnd: false });
    const long = 'x'.repeat(99).concat('\n').repeat(30_000);
    await writer.write(Buffer.from(long));
    await writer.close();
    await database.db.pipelineStep.update({
      where: { id: step.stepId },
      data: { status: 'failure', exitCode: 3 },
    });
    let text = '';
    for (let at = first.next, parts = 0; ; parts += 1) {
      const part = await ask(at);
      expect(parts).toBeLessThan(9);
      text += part.pieces.map((piece) => piece.text).join('');
      at = part.next;
      if (part.isEnd) break;
    }
    expect(text === long).toBe(true);
    expect(await ask(first.next)).toMatchObject({ status: 'failure', exitCode: 3 });
  });

  it('refuses what is no offset, and hides the log from whoever may not see the project', async () => {
    for (const query of [
      '?offset=-1',
      '?offset=abc',
      '?follow=2',
      '?follow=1&lastEventId=1e3',
      '?unknown=1',
    ]) {
      expect((await api.get(logs + query, token)).status).toBe(400);
    }
    expect((await api.get(`${logs}?follow=1`, token, { 'last-event-id': 'evil' })).status).toBe(
      400,
    );
    const outsider = await createTestUser(database.db);
    const theirs = (await createTestToken(database.db, outsider.id)).token;
    expect((await api.get(logs, theirs)).status).toBe(404);
    expect((await api.get(logs, '')).status).toBe(401);
    const missing = `/api/v1/pipelines/${rows.pipelineId}/steps/nope/logs`;
    expect((await api.get(missing, token)).status).toBe(404);
    expect((await api.get('/api/v1/pipelines/run_none/steps/x/logs', token)).status).toBe(404);
  });

  it.each([
    ['the token is revoked', (id: string) => database.db.apiToken.delete({ where: { id } })],
    [
      'the permission is taken away',
      (_: string, userId: string) => database.db.userRole.deleteMany({ where: { userId } }),
    ],
  ])('lets a follower go when %s [A-PIPE-06] [A-IAM-06]', async (_, takeAway) => {
    const { id: userId } = await createTestUser(database.db);
    await bindTestRole(database.db, userId, 'viewer');
    const { id, token: theirs } = await createTestToken(database.db, userId);
    const seen: string[] = [];
    const url = `${api.baseUrl}${logs}?follow=1`;
    for await (const event of readServerEvents(url, { token: theirs })) {
      seen.push(event.event);
      if (event.event === 'log') await takeAway(id, userId);
    }
    // the log goes on: they were let go before its end
    expect(seen).toEqual(['log']);
    expect((await api.get(logs, theirs)).status).toBeGreaterThanOrEqual(401);
  });

  it('keeps nothing of requests that take no body, and of those whose connection closes before their turn', async () => {
    const began = jest.spyOn(CredentialWatch.prototype, 'watch');
    const heads = await Promise.all(
      [`${logs}?follow=1`, logs].map(async (address) => {
        const headers = { authorization: `Bearer ${token}` };
        return (await fetch(`${api.baseUrl}${address}`, { method: 'HEAD', headers })).status;
      }),
    );
    expect(heads).toEqual([200, 200]);
    expect(began).not.toHaveBeenCalled();
    const lines = `GET ${logs}?follow=1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`;
    const socket = connect(Number(new URL(api.baseUrl).port), '127.0.0.1');
    socket.write(lines.repeat(8));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    // The first one has its turn; the others are dropped with the connection.
    await eventually(() => Promise.resolve(hub.followed === 0 ? true : undefined), 20_000);
    expect(began.mock.calls.length).toBeLessThanOrEqual(1);
    began.mockRestore();
  });

  it('lets followers go when the process stops', async () => {
    const seen: string[] = [];
    const following = (async () => {
      for await (const event of readServerEvents(`${api.baseUrl}${logs}?follow=1`, { token })) {
        seen.push(event.event);
        if (event.event === 'log') stopping.abort();
      }
    })();
    await following;
    // not told that the step has ended: it comes back elsewhere
    expect(seen).not.toContain('end');
    expect(seen).toContain('log');
  });
});
