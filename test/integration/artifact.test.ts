import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { expireArtifacts } from '../../domain/pipeline/expire-artifacts.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
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

async function* filesOf(
  ...given: readonly { path: string; body: Buffer; mode?: number }[]
): AsyncGenerator<ArtifactFile> {
  for (const { path, body, mode = 0o644 } of given) {
    await Promise.resolve();
    yield { path, size: body.length, mode, stream: Readable.from([body]) };
  }
}

async function filesBelow(folder: string): Promise<number> {
  const entries = await readdir(join(folder, 'objects'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

/** Stores one file as an artifact of its own. */
async function keep(name: string, path: string, body: Buffer, expiresAt: Date | null = null) {
  const { pipelineId, stepName } = rows;
  const set = { pipelineId, stepName, name };
  await storeArtifacts(database.db, store, { ...set, expiresAt }, filesOf({ path, body }));
  return await database.db.artifact.findFirstOrThrow({ where: set });
}

async function json(path: string): Promise<{ items: Record<string, unknown>[] }> {
  return (await (await api.get(path, token)).json()) as { items: Record<string, unknown>[] };
}

describe('artifacts', () => {
  it('are given out as they were stored, with size, type and expiry told [A-PIPE-07]', async () => {
    const body = randomBytes(3_000_000);
    const expiresAt = new Date(Date.now() + 86_400_000);
    const artifact = await keep('dist', 'dist/site.html', body, expiresAt);
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
    const first = await keep('again', 'dist/again.txt', Buffer.from('first'));
    const second = await keep('again', 'dist/again.txt', Buffer.from('second'));
    expect(await database.db.artifact.findUnique({ where: { id: first.id } })).toBeNull();
    const answer = await api.get(`/api/v1/artifacts/${second.id}/content`, token);
    expect(await answer.text()).toBe('second');
  });

  it('are gone once their time is over, object and row, with an event [A-PIPE-07]', async () => {
    const past = new Date(Date.now() - 1000);
    const old = await keep('old', 'dist/old.bin', Buffer.from('old'), past);
    const kept = await keep('kept', 'dist/kept.bin', Buffer.from('kept'));
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
    const artifact = await keep('private', 'dist/private.txt', Buffer.from('private'));
    const outsider = await createTestUser(database.db);
    const theirs = (await createTestToken(database.db, outsider.id)).token;
    for (const path of [
      `/api/v1/artifacts/${artifact.id}/content`,
      `/api/v1/pipelines/${rows.pipelineId}/artifacts`,
      `/api/v1/pipelines/${rows.pipelineId}/artifact-sets`,
    ]) {
      expect((await api.get(path, theirs)).status).toBe(404);
    }
    expect((await api.get('/api/v1/artifacts/art_none/content', token)).status).toBe(404);
  });

  it('take names that would break a header or a path', async () => {
    const secret = 'name-with-a-secret-in-it';
    const masker = createMasker([secret]);
    const name = `../../etc/pa"ss\r\nx-evil: 1;é ${secret}.txt`;
    const artifact = await keep('named', masker.text(name), Buffer.from('x'));
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
      body: Buffer.from(`file ${String(at)}\n`.repeat(at % 40)),
    }));
    const large = randomBytes(1_200_000);
    const { pipelineId, stepName } = rows;
    const set = { pipelineId, stepName, name: 'many', expiresAt: null };
    const files = filesOf(...many, { path: 'many/run', body: large, mode: 0o755 });
    expect(await storeArtifacts(database.db, store, set, files)).toBe(3001);
    expect(await database.db.artifact.count({ where: { pipelineId, name: 'many' } })).toBe(3001);
    // One event tells of them all: whoever follows what happens is not held up by thousands.
    const told = await database.db.event.findMany({
      where: { type: 'artifact.stored', message: { startsWith: 'many: ' } },
    });
    const sizeBytes = many.reduce((sum, { body }) => sum + body.length, large.length);
    expect(told.map(({ message, payload }) => ({ message, payload }))).toEqual([
      {
        message: 'many: 3001 files',
        payload: { pipelineId, step: stepName, name: 'many', files: 3001, sizeBytes },
      },
    ]);

    const { items } = await json(`/api/v1/pipelines/${pipelineId}/artifact-sets`);
    const archiveUrl = `/api/v1/pipelines/${pipelineId}/steps/${stepName}/artifacts/many/archive`;
    const size = { step: stepName, name: 'many', files: 3001, sizeBytes };
    expect(items).toContainEqual({ ...size, expiresAt: null, archiveUrl });

    const one = await database.db.artifact.findFirstOrThrow({
      where: { path: many[77]?.path ?? '' },
    });
    const single = await api.get(`/api/v1/artifacts/${one.id}/content`, token);
    expect(Buffer.from(await single.arrayBuffer())).toEqual(many[77]?.body);

    const whole = await api.get(archiveUrl, token);
    expect(whole.headers.get('content-disposition')).toContain('many.tar.gz');
    const folder = join(home, 'unpacked');
    await mkdir(folder);
    execFileSync('tar', ['-xzf', '-', '-C', folder], {
      input: Buffer.from(await whole.arrayBuffer()),
    });
    for (const { path: name, body } of many.slice(0, 200))
      expect(await readFile(join(folder, name))).toEqual(body);
    expect((await readFile(join(folder, 'many/run'))).equals(large)).toBe(true);
    expect((await stat(join(folder, 'many/run'))).mode & 0o111).toBe(0o111);
    const outsider = await createTestUser(database.db);
    const theirs = (await createTestToken(database.db, outsider.id)).token;
    expect((await api.get(archiveUrl, theirs)).status).toBe(404);
    expect((await api.get(archiveUrl.replace('/many/', '/none/'), token)).status).toBe(404);

    const past = { expiresAt: new Date(Date.now() - 1000) };
    await database.db.artifact.updateMany({ where: { pipelineId, name: 'many' }, data: past });
    expect(await expireArtifacts(database.db, store, { limit: 5000 })).toBe(3001);
    expect(await store.head(one.minioPath)).toBeNull();
    const expired = { type: 'artifact.expired', message: 'many: 3001 files' };
    expect(await database.db.event.count({ where: expired })).toBe(1);
  });

  it('that share an object go with the last of them, and a repeated step replaces them [A-PIPE-07]', async () => {
    const { pipelineId, stepName } = rows;
    const files = (...names: string[]) =>
      filesOf(...names.map((name) => ({ path: name, body: Buffer.from(name) })));
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

  it('are there whole or not at all: where one of many files fails, none of the others is seen or kept [A-PIPE-07]', async () => {
    const { pipelineId, stepName } = rows;
    const set = { pipelineId, stepName, name: 'half', expiresAt: null };
    const before = await filesBelow(home);
    const broken = async function* (): AsyncGenerator<ArtifactFile> {
      yield* filesOf({ path: 'large', body: randomBytes(2_000_000) });
      yield* filesOf(...['a', 'b', 'c'].map((path) => ({ path, body: Buffer.from(path) })));
      // One that is alone in its object ends the one that the others share.
      yield* filesOf({ path: 'other', body: randomBytes(2_000_000) });
      expect(await database.db.artifact.count({ where: { name: 'half' } })).toBe(0);
      expect(await filesBelow(home)).toBe(before + 3);
      throw new Error('the workspace is gone');
    };
    await expect(storeArtifacts(database.db, store, set, broken())).rejects.toThrow('is gone');
    expect(await database.db.artifact.count({ where: { name: 'half' } })).toBe(0);
    expect(await filesBelow(home)).toBe(before);
  });
});
