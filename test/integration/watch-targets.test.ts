import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Observation } from '../../contracts/deploy/types.ts';
import { claimObservations } from '../../domain/deploy/claim-observations.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { makeDeployment, makeOpenSync } from '../support/entity-steps.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';
import { observeDue } from '../../workers/watch-targets.ts';

jest.setTimeout(60_000);

let database: TestDatabase;
let ownerId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  ownerId = (await createTestUser(database.db)).id;
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.deployment.deleteMany({});
});

async function environment(columns: Parameters<typeof makeDeployment>[2] = {}) {
  const { id } = await createTestProject(database.db, ownerId);
  return await makeDeployment(database.db, id, columns);
}

const observedAgo = (id: string, seconds: number) =>
  database.db.deployment.update({
    where: { id },
    data: { comparedAt: new Date(Date.now() - seconds * 1000) },
  });

describe('environments at rest', () => {
  it('are observed by one worker each, and again after their interval [A-DEP-03]', async () => {
    const { db } = database;
    const ids = [];
    for (let n = 0; n < 6; n += 1) ids.push((await environment()).id);
    const claims = await Promise.all([
      claimObservations(db, 'local', 4),
      claimObservations(db, 'local', 4),
    ]);
    const all = [...claims.flat(), ...(await claimObservations(db, 'local', 10))];
    expect([...all].sort()).toEqual([...ids].sort());
    expect(await claimObservations(db, 'local', 10)).toEqual([]);
    const [first = ''] = ids;
    await observedAgo(first, 120);
    expect(await claimObservations(db, 'local', 10)).toEqual([first]);
  });

  it('that were not healthy are observed again after seconds, not after their interval [A-DEP-07]', async () => {
    const { db } = database;
    const [unhealthy, well] = [await environment(), await environment()];
    await db.deployment.update({
      where: { id: unhealthy.id },
      data: { currentStatus: 'degraded' },
    });
    for (const { id } of [unhealthy, well]) await observedAgo(id, 15);
    expect(await claimObservations(db, 'local', 10)).toEqual([unhealthy.id]);
    expect(await claimObservations(db, 'local', 10)).toEqual([]);
  });

  it('follow the interval of their ops repository [A-DEP-04]', async () => {
    const { db } = database;
    const id = newId('opsRepo');
    await db.opsRepo.create({
      data: { id, name: 'slow', repoUrl: '/a/ops.git', syncIntervalS: 3600 },
    });
    const slow = await environment({ opsRepoId: id });
    await observedAgo(slow.id, 120);
    expect(await claimObservations(db, 'local', 10)).toEqual([]);
    await db.opsRepo.update({ where: { id }, data: { syncIntervalS: 30 } });
    expect(await claimObservations(db, 'local', 10)).toEqual([slow.id]);
  });

  it('are left alone while their workflow works, while they are paused, and by other targets [A-DEP-03]', async () => {
    await environment({ isPaused: true });
    await environment({ isDeleting: true });
    await environment({ generation: 2 });
    await environment({ target: 'kubernetes' });
    await makeOpenSync(database.db, await environment());
    const rests = await environment();
    expect(await claimObservations(database.db, 'local', 10)).toEqual([rests.id]);
  });

  it('wake their workflow where there is something to do, and one that cannot be observed holds up none [A-DEP-03]', async () => {
    const quiet = await environment();
    const moved = await environment();
    const drifted = await environment();
    const away = await environment();
    const nothing: Observation = { revisionChanged: false, drift: [], healthy: true };
    const found = new Map([
      [quiet.id, nothing],
      [moved.id, { ...nothing, revisionChanged: true }],
      [
        drifted.id,
        { ...nothing, drift: [{ key: 'Deployment/web#/spec/replicas', manager: 'kubectl' }] },
      ],
    ]);
    const woken: string[] = [];
    const warned: object[] = [];
    const log = { warn: (fields: object) => warned.push(fields) };
    const count = await observeDue({
      db: database.db,
      log: log as never,
      target: 'local',
      observe: (id) => {
        const one = found.get(id);
        return one === undefined ? Promise.reject(new Error('away')) : Promise.resolve(one);
      },
      wake: (id) => {
        woken.push(id);
        return Promise.resolve();
      },
    });
    expect(count).toBe(4);
    expect(woken.sort()).toEqual([moved.id, drifted.id].sort());
    expect(warned).toMatchObject([{ deployment_id: away.id }]);
  });
});
