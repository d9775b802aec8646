import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { expireArtifacts } from '../../domain/pipeline/expire-artifacts.ts';
import { createMasker } from '../../domain/pipeline/mask.ts';
import { storeArtifact } from '../../domain/pipeline/store-artifact.ts';
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
});
