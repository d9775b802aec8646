import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLogWriter, type LogWriter } from '../../domain/pipeline/append-log.ts';
import { finishLog, logKey } from '../../domain/pipeline/finish-log.ts';
import { createLogHub, type LogHub } from '../../domain/pipeline/log-hub.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { followLog, readLog, type LogState } from '../../domain/pipeline/read-log.ts';
import { openListener, type Listener } from '../../domain/shared/listen.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let listener: Listener;
let hub: LogHub;
const store = createMemoryStore();

beforeAll(async () => {
  database = await createTestDatabase();
  listener = await openListener(database.url);
  hub = createLogHub(listener);
});

afterAll(async () => {
  hub.close();
  await listener.close();
  await database.drop();
});

async function writerOf(
  rows: RunRows,
  options: { attempt?: number; secrets?: string[]; capBytes?: number } = {},
): Promise<LogWriter> {
  const { attempt = 1, secrets = [], ...rest } = options;
  return await openLogWriter(database.db, {
    stepId: rows.stepId,
    attempt,
    masker: createMasker(secrets),
    ...rest,
  });
}

async function wholeLog(stepId: string): Promise<string> {
  const parts: Buffer[] = [];
  for (let at = 0n; ;) {
    const piece = await readLog(database.db, store, stepId, at, 1000);
    if (piece === null) return Buffer.concat(parts).toString();
    parts.push(piece.data);
    at += BigInt(piece.data.length);
  }
}

async function follow(
  stepId: string,
  from = 0n,
): Promise<{ text: string; end: LogState | null; pieces: number }> {
  const pieces = followLog(database.db, store, hub, {
    stepId,
    from,
    signal: new AbortController().signal,
  });
  const parts: Buffer[] = [];
  for (;;) {
    const result = await pieces.next();
    if (result.done === true) {
      return { text: Buffer.concat(parts).toString(), end: result.value, pieces: parts.length };
    }
    parts.push(result.value.data);
  }
}

async function endStep(stepId: string): Promise<void> {
  await database.db.pipelineStep.update({
    where: { id: stepId },
    data: { status: 'success', exitCode: 0 },
  });
}

/** Pieces of a log with whose words they are; neighbours of one voice are one. */
async function voices(stepId: string, from: bigint): Promise<string[][]> {
  const said: string[][] = [];
  for (let at = from; ;) {
    const piece = await readLog(database.db, store, stepId, at);
    if (piece === null) return said;
    const by = piece.isPlatform ? 'platform' : 'step';
    const last = said.at(-1);
    if (last?.[0] === by) last[1] = `${last[1] ?? ''}${piece.data.toString()}`;
    else said.push([by, piece.data.toString()]);
    at += BigInt(piece.data.length);
  }
}

describe('the log of a step', () => {
  it('reaches a follower while the step runs, and afterwards reads as the same text from the object store [A-PIPE-06]', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    const pieces = followLog(database.db, store, hub, {
      stepId: rows.stepId,
      from: 0n,
      signal: new AbortController().signal,
      // woken by the announcement: the poll would come too late for this test
      pollMs: 3_600_000,
    });
    const first = pieces.next();
    await writer.write(Buffer.from('first line\n'));
    expect((await first).value).toMatchObject({ offset: 0n, data: Buffer.from('first line\n') });
    await writer.write(Buffer.from('second line\n'));
    const { bytes } = await writer.close();
    const live = await wholeLog(rows.stepId);
    await endStep(rows.stepId);
    await finishLog(database.db, store, rows.stepId);
    expect(live).toBe('first line\nsecond line\n');
    expect(await wholeLog(rows.stepId)).toBe(live);
    expect(bytes).toBe(BigInt(live.length));
    const step = await database.db.pipelineStep.findUniqueOrThrow({
      where: { id: rows.stepId },
      include: { logChunks: true },
    });
    expect(step.logRef).toBe(logKey(rows.pipelineId, rows.stepId));
    expect(step.logChunks).toEqual([]);
  });

  it('gives a follower every byte once while the log moves to the object store', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    const following = follow(rows.stepId);
    const lines = Array.from({ length: 3000 }, (_, index) => `line ${String(index)} é\n`);
    for (const [index, line] of lines.entries()) {
      await writer.write(Buffer.from(line));
      // moving it while the writer goes on is what an impatient repeat of the activity would do
      if (index % 1000 === 999) await finishLog(database.db, store, rows.stepId);
    }
    await writer.close();
    await endStep(rows.stepId);
    await finishLog(database.db, store, rows.stepId);
    const seen = await following;
    expect(seen.text).toBe(lines.join(''));
    expect(seen.end).toMatchObject({ status: 'success', exitCode: 0 });
    expect(await wholeLog(rows.stepId)).toBe(lines.join(''));
  });

  it('resumes at any offset, in rows and in the object', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    const text = 'abcdefghij\n'.repeat(200);
    for (let at = 0; at < text.length; at += 37)
      await writer.write(Buffer.from(text.slice(at, at + 37)));
    await writer.close();
    await endStep(rows.stepId);
    for (const from of [0, 1, 36, 37, 38, 1000, text.length - 1, text.length]) {
      expect((await follow(rows.stepId, BigInt(from))).text).toBe(text.slice(from));
    }
    await finishLog(database.db, store, rows.stepId);
    await finishLog(database.db, store, rows.stepId);
    for (const from of [0, 1, 999, text.length]) {
      expect((await follow(rows.stepId, BigInt(from))).text).toBe(text.slice(from));
    }
  });

  it('continues after what an earlier attempt stored, and refuses that attempt from then on', async () => {
    const rows = await makeRunRows(database.db);
    const first = await writerOf(rows);
    await first.write(Buffer.from('half a li'));
    await first.close();
    const stale = await writerOf(rows);
    await database.db.pipelineStep.update({ where: { id: rows.stepId }, data: { attempt: 2 } });
    const second = await writerOf(rows, { attempt: 2 });
    await second.note('--- the worker was lost, attempt 2 starts ---');
    await stale.write(Buffer.from('from the grave\n')).catch(() => undefined);
    await expect(stale.close()).rejects.toMatchObject({ code: 'conflict' });
    await expect(writerOf(rows, { attempt: 1 })).rejects.toMatchObject({ code: 'conflict' });
    await second.write(Buffer.from('again\n'));
    await second.close();
    expect(await wholeLog(rows.stepId)).toBe(
      'half a li\n--- the worker was lost, attempt 2 starts ---\nagain\n',
    );
  });

  it('continues behind an object that an earlier attempt left', async () => {
    const rows = await makeRunRows(database.db);
    const first = await writerOf(rows);
    await first.write(Buffer.from('one\n'));
    await first.close();
    await finishLog(database.db, store, rows.stepId);
    const second = await writerOf(rows, { attempt: 2 });
    await second.write(Buffer.from('two\n'));
    await second.close();
    expect(await wholeLog(rows.stepId)).toBe('one\ntwo\n');
    await finishLog(database.db, store, rows.stepId);
    expect(await wholeLog(rows.stepId)).toBe('one\ntwo\n');
  });

  it('masks secrets before anything is stored [A-PIPE-11]', async () => {
    const rows = await makeRunRows(database.db);
    const secret = 'correct-horse-battery-staple';
    const writer = await writerOf(rows, { secrets: [secret] });
    for (const byte of Buffer.from(
      `plain ${secret} base64 ${Buffer.from(secret).toString('base64')}\n`,
    )) {
      await writer.write(Buffer.from([byte]));
    }
    await writer.write(Buffer.from(secret, 'utf16le'));
    await writer.close();
    const chunks = await database.db.logChunk.findMany({
      where: { stepId: rows.stepId },
      orderBy: { offset: 'asc' },
    });
    expect(Buffer.concat(chunks.map((chunk) => chunk.data)).toString()).toBe(
      'plain *** base64 ***\n***',
    );
  });

  it('stops at its limit with one marker, and lets the command go on', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows, { capBytes: 1000 });
    for (let index = 0; index < 100; index++)
      await writer.write(Buffer.from(`zeile ${String(index)} ü\n`));
    await writer.note('--- the command ended ---');
    await writer.close();
    const later = await writerOf(rows, { attempt: 2, capBytes: 1000 });
    await later.write(Buffer.from('more\n'));
    await later.close();
    const text = await wholeLog(rows.stepId);
    expect(text.match(/reached its limit/g)).toHaveLength(1);
    expect(text).not.toContain('\uFFFD');
    expect(text).not.toContain('zeile 99');
    expect(text).not.toContain('more');
    expect(text.endsWith('--- the command ended ---\n')).toBe(true);
  });

  it('tells beside the text which lines are the platform’s own, in rows and from the store [A-PIPE-06]', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    await writer.note('[slipway] schedule does not start pipelines yet');
    // the same words, by the command
    await writer.write(Buffer.from('[slipway] all is well\n--- attempt 2 ---\nno line end ü'));
    await writer.note('--- attempt 2 ---');
    await writer.write(Buffer.from('again\n'));
    await writer.note('artifact \u001b[2Jdist\nof: 1 file(s) stored');
    await writer.close();
    const expected = [
      ['platform', '[slipway] schedule does not start pipelines yet\n'],
      ['step', '[slipway] all is well\n--- attempt 2 ---\nno line end ü'],
      ['platform', '\n--- attempt 2 ---\n'],
      ['step', 'again\n'],
      ['platform', 'artifact \\u{1b}[2Jdist\\u{a}of: 1 file(s) stored\n'],
    ];
    await endStep(rows.stepId);
    for (const isMoved of [false, true]) {
      if (isMoved) await finishLog(database.db, store, rows.stepId);
      expect(await voices(rows.stepId, 0n)).toEqual(expected);
      // resumed in the middle of a line of the platform
      expect((await voices(rows.stepId, 5n))[0]).toEqual(['platform', expected[0]?.[1]?.slice(5)]);
    }
  });

  it('stores any bytes as text, never torn within a character', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    const mixed = Buffer.concat([
      Buffer.from('grün €𝄞 '),
      Buffer.from([0, 0xff, 0xc3]),
      Buffer.from(' end\n'),
    ]);
    for (const byte of mixed) {
      await writer.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await writer.close();
    const chunks = await database.db.logChunk.findMany({
      where: { stepId: rows.stepId },
      orderBy: { offset: 'asc' },
    });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    expect(chunks.map((chunk) => decoder.decode(chunk.data)).join('')).toBe(
      'grün €𝄞 \uFFFD\uFFFD end\n',
    );
    expect(chunks.length).toBeGreaterThan(1);
  });

  it('makes the writer wait while the database is slow to take its output', async () => {
    const rows = await makeRunRows(database.db);
    const writer = await writerOf(rows);
    let isLocked = true;
    let lock = (): void => undefined;
    const locked = new Promise<void>((resolve) => (lock = resolve));
    const unlock = database.db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT id FROM pipeline_steps WHERE id = ${rows.stepId} FOR UPDATE`;
        lock();
        await new Promise((resolve) => setTimeout(resolve, 600));
        isLocked = false;
      },
      { timeout: 60_000 },
    );
    await locked;
    let taken = 0;
    for (let index = 0; index < 64; index++) {
      await writer.write(Buffer.alloc(16_384, 97));
      if (isLocked) taken += 16_384;
    }
    expect(taken).toBeLessThanOrEqual(6 * 65_536);
    await unlock;
    expect((await writer.close()).bytes).toBe(BigInt(64 * 16_384));
  });
});
