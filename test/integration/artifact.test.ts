import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { expireArtifacts } from '../../domain/pipeline/expire-artifacts.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { storeArtifact } from '../../domain/pipeline/store-artifact.ts';
import { storeArtifacts, type ArtifactFile } from '../../domain/pipeline/store-artifacts.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import { createTestUser } from '../support/callers.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: TestApi;
let home: string;
let store: BlobStore;
let rows: RunRows;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'slipway-artifacts-'));
  store = createFileStore(home);
  api = await startTestApi(database, { services: { objectStore: store } });
  rows = await makeRunRows(database.db);
  await bindTestRole(database.db, rows.userId, 'developer');
  token = (await createTestToken(database.db, rows.userId)).token;
});

afterAll(async () => {
  await api.stop();
  await database.drop();
  await rm(home, { recursive: true });
});

function file(path: string, body: Buffer, expiresAt: Date | null = null) {
  const { pipelineId, stepName } = rows;
  return { pipelineId, stepName, name: 'dist', path, body: Readable.from([body]), expiresAt };
}

async function json(path: string): Promise<{ items: Record<string, unknown>[] }> {
  return (await (await api.get(path, token)).json()) as { items: Record<string, unknown>[] };
}

describe('artifacts', () => {
  it('are given out as they were stored, with size, type and expiry told [A-PIPE-07]', async () => {
    const body = randomBytes(3_000_000);
    const expiresAt = new Date(Date.now() + 86_400_000);
    const artifact = await storeArtifact(
      database.db,
      store,
      file('dist/site.html', body, expiresAt),
    );
    const { items } = await json(`/api/v1/pipelines/${rows.pipelineId}/artifacts`);
    expect(items).toEqual([
      expect.objectContaining({
        id: artifact.id,
        name: 'dist',
        path: 'dist/site.html',
        step: 'build',
        contentType: 'text/html; charset=utf-8',
        sizeBytes: body.length,
        sha256: createHash('sha256').update(body).digest('hex'),
        expiresAt: expiresAt.toISOString(),
      }),
    ]);
    const answer = await api.get(`/api/v1/artifacts/${artifact.id}/content`, token);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    // a page built by a stranger must never run as part of our own site
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="site.html"/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    expect(
      await database.db.event.count({ where: { type: 'artifact.stored', subjectId: artifact.id } }),
    ).toBe(1);
  });

  it('of a repeated step replace each other', async () => {
    const first = await storeArtifact(
      database.db,
      store,
      file('dist/again.txt', Buffer.from('first')),
    );
    const second = await storeArtifact(
      database.db,
      store,
      file('dist/again.txt', Buffer.from('second')),
    );
    expect(second.id).toBe(first.id);
    const answer = await api.get(`/api/v1/artifacts/${first.id}/content`, token);
    expect(await answer.text()).toBe('second');
  });

  it('are gone once their time is over, object and row, with an event [A-PIPE-07]', async () => {
    const past = new Date(Date.now() - 1000);
    const old = await storeArtifact(
      database.db,
      store,
      file('dist/old.bin', Buffer.from('old'), past),
    );
    const kept = await storeArtifact(
      database.db,
      store,
      file('dist/kept.bin', Buffer.from('kept')),
    );
    // nobody is given it, even before the sweep
    expect((await api.get(`/api/v1/artifacts/${old.id}/content`, token)).status).toBe(404);
    const removed = await Promise.all([
      expireArtifacts(database.db, store),
      expireArtifacts(database.db, store),
    ]);
    expect(removed.reduce((sum, count) => sum + count)).toBe(1);
    expect(await store.head(old.minioPath)).toBeNull();
    expect(await store.head(kept.minioPath)).not.toBeNull();
    expect(await database.db.artifact.findUnique({ where: { id: old.id } })).toBeNull();
    expect(
      await database.db.event.count({ where: { type: 'artifact.expired', subjectId: old.id } }),
    ).toBe(1);
    expect((await api.get(`/api/v1/artifacts/${kept.id}/content`, token)).status).toBe(200);
  });

  it('are hidden from whoever may not see the project', async () => {
    const artifact = await storeArtifact(
      database.db,
      store,
      file('dist/private.txt', Buffer.from('private')),
    );
    const outsider = await createTestUser(database.db);
    const theirs = (await createTestToken(database.db, outsider.id)).token;
    for (const path of [
      `/api/v1/artifacts/${artifact.id}/content`,
      `/api/v1/pipelines/${rows.pipelineId}/artifacts`,
    ]) {
      expect((await api.get(path, theirs)).status).toBe(404);
    }
    expect((await api.get('/api/v1/artifacts/art_none/content', token)).status).toBe(404);
  });

  it('take names that would break a header or a path', async () => {
    const secret = 'name-with-a-secret-in-it';
    const masker = createMasker([secret]);
    const name = `../../etc/pa"ss\r\nx-evil: 1;é ${secret}.txt`;
    const artifact = await storeArtifact(
      database.db,
      store,
      file(masker.text(name), Buffer.from('x')),
    );
    const answer = await api.get(`/api/v1/artifacts/${artifact.id}/content`, token);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-evil')).toBeNull();
    expect(answer.headers.get('content-disposition')).not.toContain(secret);
    expect(artifact.minioPath).toMatch(/^artifacts\/run_[0-9a-z]+\/[0-9a-f]{32}$/);
    expect(artifact.path).not.toContain(secret);
  });

  it('of many small files share an object, and are given out one by one and whole [A-PIPE-07]', async () => {
    const many = Array.from({ length: 3000 }, (_, at) => ({
      path: `many/${String(at % 50)}/${String(at)}.txt`,
      content: Buffer.from(`file ${String(at)}\n`.repeat(at % 40)),
    }));
    const large = randomBytes(400_000);
    const files = async function* (): AsyncGenerator<ArtifactFile> {
      for (const { path, content } of many) {
        await Promise.resolve();
        yield { path, size: content.length, mode: 0o644, stream: Readable.from([content]) };
      }
      yield { path: 'many/run', size: large.length, mode: 0o755, stream: Readable.from([large]) };
    };
    const { pipelineId, stepName } = rows;
    const started = performance.now();
    await storeArtifact(
      database.db,
      store,
      file('one.tar', Buffer.concat(many.map((one) => one.content))),
    );
    const archived = performance.now() - started;
    const set = { pipelineId, stepName, name: 'many', expiresAt: null };
    const again = performance.now();
    expect(await storeArtifacts(database.db, store, set, files())).toBe(3001);
    const took = performance.now() - again;
    process.stderr.write(
      `3000 files ${took.toFixed(0)} ms, one archive ${archived.toFixed(0)} ms\n`,
    );
    expect(took).toBeLessThan(20_000);
    expect(await database.db.artifact.count({ where: { pipelineId, name: 'many' } })).toBe(3001);
    const stored = { type: 'artifact.stored', message: { startsWith: 'many: ' } };
    expect(await database.db.event.count({ where: stored })).toBe(3001);

    const one = await database.db.artifact.findFirstOrThrow({
      where: { path: many[77]?.path ?? '' },
    });
    const single = await api.get(`/api/v1/artifacts/${one.id}/content`, token);
    expect(Buffer.from(await single.arrayBuffer())).toEqual(many[77]?.content);

    const path = `/api/v1/pipelines/${pipelineId}/steps/${stepName}/artifacts/many/archive`;
    const whole = await api.get(path, token);
    expect(whole.headers.get('content-disposition')).toContain('many.tar.gz');
    const folder = join(home, 'unpacked');
    await mkdir(folder);
    execFileSync('tar', ['-xzf', '-', '-C', folder], {
      input: Buffer.from(await whole.arrayBuffer()),
    });
    for (const { path: name, content } of many.slice(0, 200))
      expect(await readFile(join(folder, name))).toEqual(content);
    expect((await readFile(join(folder, 'many/run'))).equals(large)).toBe(true);
    expect((await stat(join(folder, 'many/run'))).mode & 0o111).toBe(0o111);
    const outsider = await createTestUser(database.db);
    const theirs = (await createTestToken(database.db, outsider.id)).token;
    expect((await api.get(path, theirs)).status).toBe(404);
    expect((await api.get(path.replace('/many/', '/none/'), token)).status).toBe(404);
  }, 120_000);

  it('that share an object go with the last of them, and a repeated step replaces them [A-PIPE-07]', async () => {
    const { pipelineId, stepName } = rows;
    const files = async function* (...names: string[]): AsyncGenerator<ArtifactFile> {
      for (const name of names) {
        await Promise.resolve();
        yield {
          path: name,
          size: name.length,
          mode: 0o644,
          stream: Readable.from([Buffer.from(name)]),
        };
      }
    };
    const set = { pipelineId, stepName, name: 'shared', expiresAt: null };
    await storeArtifacts(database.db, store, set, files('a', 'b', 'cc'));
    await storeArtifacts(database.db, store, set, files('cc', 'dd'));
    const kept = await database.db.artifact.findMany({
      where: { name: 'shared' },
      orderBy: { path: 'asc' },
    });
    expect(kept.map(({ path }) => path)).toEqual(['cc', 'dd']);
    const past = { expiresAt: new Date(Date.now() - 1000) };
    await database.db.artifact.update({ where: { id: kept[0]?.id ?? '' }, data: past });
    await expireArtifacts(database.db, store);
    const left = await api.get(`/api/v1/artifacts/${kept[1]?.id ?? ''}/content`, token);
    expect(await left.text()).toBe('dd');
    await database.db.artifact.update({ where: { id: kept[1]?.id ?? '' }, data: past });
    await expireArtifacts(database.db, store);
    expect(await store.head(kept[1]?.minioPath ?? '')).toBeNull();
  });
});
