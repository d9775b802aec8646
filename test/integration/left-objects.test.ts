import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRetentionActivities } from '../../activities/retention/index.ts';
import { createFileStore } from '../../adapters/object-store/file-store.ts';
import { logKey } from '../../domain/pipeline/finish-log.ts';
import { storeArtifacts } from '../../domain/pipeline/store-artifacts.ts';
import { deleteProject } from '../../domain/project/delete-project.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { testCaller } from '../support/callers.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { bindTestRole } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let home: string;
let store: BlobStore;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'slipway-left-'));
  store = createFileStore(home);
});

afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

/** A project with a run that stored two artifacts and a log, and the manifests of a preview. */
async function projectWithObjects() {
  const rows = await makeRunRows(database.db);
  const { pipelineId, stepId, stepName } = rows;
  for (const names of [['one.bin'], ['a.txt', 'b.txt', 'c.txt']]) {
    const files = async function* () {
      for (const path of names) {
        await Promise.resolve();
        yield { path, size: 4, mode: 0o644, stream: Readable.from([Buffer.from('text')]) };
      }
    };
    const set = { pipelineId, stepName, name: names[0] ?? '', expiresAt: null };
    await storeArtifacts(database.db, store, set, files());
  }
  const logRef = logKey(pipelineId, stepId);
  await store.put(logRef, Buffer.from('line\n'));
  await database.db.pipelineStep.update({ where: { id: stepId }, data: { logRef } });
  const manifestsRef = await keepPreview(rows);
  const artifacts = await database.db.artifact.findMany({
    where: { pipelineId },
    distinct: ['minioPath'],
  });
  return { ...rows, keys: [logRef, manifestsRef, ...artifacts.map(({ minioPath }) => minioPath)] };
}

/** Lasting deployments would have to go before the project. @returns key of its manifests */
async function keepPreview({ projectId, userId }: RunRows): Promise<string> {
  const { db } = database;
  const branches = { sourceBranch: 'roof', targetBranch: 'main', headSha: '0'.repeat(40) };
  const of = { projectId, number: 1, authorId: userId, title: 'a', changeId: newId('change') };
  const request = await db.mergeRequest.create({
    data: { id: newId('mergeRequest'), ...of, ...branches },
  });
  const deploymentId = newId('deployment');
  const environment = { environment: 'preview', mergeRequestId: request.id };
  await db.deployment.create({
    data: { id: deploymentId, projectId, imageRef: 'a', ...environment },
  });
  const manifestsRef = `manifests/${deploymentId}/one.json`;
  await store.put(manifestsRef, Buffer.from('[]'));
  const revision = { id: newId('deploymentRevision'), number: 1, contentKey: 'a', imageRef: 'a' };
  await db.deploymentRevision.create({ data: { ...revision, deploymentId, manifestsRef } });
  return manifestsRef;
}

async function there(keys: readonly string[]): Promise<number> {
  const heads = await Promise.all(keys.map((key) => store.head(key)));
  return heads.filter((head) => head !== null).length;
}

describe('objects of a deleted project', () => {
  it('are removed by retention, counted, an hour after it went; those of others stay [A-PROJ-07]', async () => {
    const { db } = database;
    const [gone, stays] = [await projectWithObjects(), await projectWithObjects()];
    expect(gone.keys).toHaveLength(4);
    await bindTestRole(db, gone.userId, 'admin');
    const project = await db.project.findUniqueOrThrow({
      where: { id: gone.projectId },
      include: { owner: true },
    });
    await deleteProject(db, { remove: async () => {} }, testCaller(gone.userId), project);
    const retention = createRetentionActivities({ db, store, eventDays: 90 });
    // What was under way may still read them.
    expect(await retention.removeLeftObjects()).toEqual({ removed: 0, more: false });
    expect(await there(gone.keys)).toBe(4);
    const leftAt = new Date(Date.now() - 2 * 3_600_000);
    await db.leftObject.updateMany({ data: { leftAt } });
    await db.leftObject.create({ data: { key: `logs/${newId('pipeline')}/none.log`, leftAt } });
    expect(await retention.removeLeftObjects()).toEqual({ removed: 5, more: false });
    expect(await there(gone.keys)).toBe(0);
    expect(await there(stays.keys)).toBe(4);
    expect(await db.leftObject.count()).toBe(0);
  });
});
