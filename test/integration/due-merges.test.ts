import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { claimDueMerges, markMergesDue, tryDueMerge } from '../../domain/review/due-merges.ts';
import type { MergeDeps } from '../../domain/review/merge-merge-request.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.db.mergeRequest.deleteMany();
});

/** A project of a new owner with merge requests that wait to merge themselves. */
async function waiting(count: number): Promise<{ projectId: string; ids: string[] }> {
  const { db } = database;
  const [userId, projectId] = [newId('user'), newId('project')];
  const name = userId.slice(-12);
  await db.user.create({ data: { id: userId, name, email: `${name}@example.org` } });
  await db.project.create({ data: { id: projectId, ownerId: userId, name: 'demo' } });
  const ids = Array.from({ length: count }, () => newId('mergeRequest'));
  await db.mergeRequest.createMany({
    data: ids.map((id, at) => ({
      ...{ id, projectId, number: at + 1, changeId: newId('change'), title: 'x' },
      ...{ sourceBranch: `b${String(at)}`, targetBranch: 'main', authorId: userId },
      ...{ headSha: 'a'.repeat(40), autoMergeStyle: 'merge', autoMergeBy: userId },
    })),
  });
  return { projectId, ids };
}

const claim = async (limit = 10) => await claimDueMerges(database.db, limit);
const idsOf = (claims: { id: string }[]) => claims.map(({ id }) => id);
const rowOf = (id: string) => database.db.mergeRequest.findUniqueOrThrow({ where: { id } });
/** The database is away when it is asked who wants the merge: that says nothing of the merge request. */
const away = (): MergeDeps => {
  let asked = 0;
  const findUnique = (query: never): unknown => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error('away')) : database.db.user.findUnique(query);
  };
  const user = Object.create(database.db.user, { findUnique: { value: findUnique } }) as object;
  const db = Object.create(database.db, { user: { value: user } }) as MergeDeps['db'];
  return { db, git: {} as MergeDeps['git'] };
};

describe('automatic merges that are due', () => {
  it('are tried one at a time of each owner, so that nobody waits for the long merges of others [A-MR-07]', async () => {
    const [many, one] = [await waiting(100), await waiting(1)];
    await markMergesDue(database.db, { projectId: many.projectId });
    await markMergesDue(database.db, { projectId: one.projectId });
    const claimed = await claim();
    expect(claimed).toHaveLength(2);
    expect(idsOf(claimed)).toContain(one.ids[0]);
    expect(await claim()).toEqual([]);
  });

  it('are tried of each owner in turn: the backlog of as many as are tried at once holds up nobody else [A-MR-07]', async () => {
    const backlogs = [await waiting(3), await waiting(3), await waiting(3)];
    for (const { projectId } of backlogs) await markMergesDue(database.db, { projectId });
    const late = await waiting(2);
    await database.db.mergeRequest.updateMany({
      where: { projectId: late.projectId },
      data: { autoMergeDueAt: new Date() },
    });
    const end = async (id: string): Promise<void> => {
      const data = { autoMergeDueAt: null, autoMergeHeldUntil: null };
      await database.db.mergeRequest.update({ where: { id }, data });
    };
    const ownerOf = (id: string | undefined) =>
      [...backlogs, late].findIndex(({ ids }) => ids.includes(id ?? ''));
    const firsts = idsOf(await claim(3));
    const served: number[] = [];
    for (const id of firsts) {
      await end(id);
      const [next] = await claim(1);
      served.push(ownerOf(next?.id));
      await end(next?.id ?? '');
    }
    // whoever came late before a second one of anybody, then whoever was served before them
    expect(served[0]).toBe(3);
    expect(new Set(served).size).toBe(3);
  });

  it('are due by the clock of the database, which is asked for them, whatever that of a process says [A-MR-07]', async () => {
    const { projectId, ids } = await waiting(1);
    const others = ['nextTick', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
    const doNotFake = [...others, 'clearTimeout', 'clearInterval', 'clearImmediate', 'performance'];
    jest.useFakeTimers({ now: Date.now() + 3_600_000, doNotFake: doNotFake as 'nextTick'[] });
    try {
      await markMergesDue(database.db, { projectId });
    } finally {
      jest.useRealTimers();
    }
    expect(idsOf(await claim())).toEqual(ids);
  });

  it('are tried once however often something changed, and once more for what changed meanwhile [A-MR-07]', async () => {
    const { projectId } = await waiting(1);
    for (let times = 0; times < 100; times += 1) await markMergesDue(database.db, { projectId });
    const [first] = await claim();
    if (first === undefined) throw new Error('nothing is due');
    // nobody asked for it that could merge: called off would be the end of it
    await database.db.mergeRequest.updateMany({ data: { status: 'closed' } });
    await tryDueMerge({ db: database.db, git: {} as MergeDeps['git'] }, first);
    expect(await claim()).toEqual([]);
    await database.db.mergeRequest.updateMany({ data: { status: 'open' } });
    await markMergesDue(database.db, { projectId });
    const [second] = await claim();
    if (second === undefined) throw new Error('nothing is due');
    await new Promise((resolve) => setTimeout(resolve, 2));
    await markMergesDue(database.db, { projectId });
    await database.db.mergeRequest.updateMany({ data: { status: 'closed' } });
    await tryDueMerge({ db: database.db, git: {} as MergeDeps['git'] }, second);
    expect(idsOf(await claim())).toEqual([second.id]);
  });

  it('are tried again ever later where the failure says nothing of them, and called off in the end with a remark [A-MR-07]', async () => {
    const { projectId, ids } = await waiting(1);
    const id = ids[0] ?? '';
    await markMergesDue(database.db, { projectId });
    const waits: number[] = [];
    for (;;) {
      const [due] = await claim();
      if (due === undefined) throw new Error('nothing is due');
      await expect(tryDueMerge(away(), due)).rejects.toThrow('away');
      const { autoMergeDueAt, autoMergeStyle } = await rowOf(id);
      if (autoMergeStyle === null) break;
      waits.push(Math.round(((autoMergeDueAt?.getTime() ?? 0) - Date.now()) / 1000));
      expect(await claim()).toEqual([]);
      await database.db.mergeRequest.update({
        where: { id },
        data: { autoMergeDueAt: new Date() },
      });
    }
    expect(waits).toEqual([5, 15, 60, 300, 900, 1800]);
    const said = await database.db.comment.findMany({ where: { mrId: id } });
    expect(said.map(({ body }) => body)).toEqual([expect.stringContaining('could not be tried')]);
  });
});
