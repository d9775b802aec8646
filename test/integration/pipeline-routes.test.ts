import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: TestApi;
let rows: RunRows;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  rows = await makeRunRows(database.db);
  await bindTestRole(database.db, rows.userId, 'maintainer');
  token = (await createTestToken(database.db, rows.userId)).token;
});

afterAll(async () => {
  await api.stop();
  await database.drop();
});

interface Page {
  items: { number: number; status: string; trigger: string; gitRef: string }[];
  nextCursor: string | null;
}

async function makeRun(
  number: number,
  more: { status?: string; trigger?: string; gitRef?: string },
) {
  const id = newId('pipeline');
  const of = { projectId: rows.projectId, changeId: newId('change') };
  const usual = { status: 'success', trigger: 'push', gitRef: 'refs/heads/main' };
  await database.db.pipeline.create({ data: { id, number, ...of, ...usual, ...more } });
  return id;
}

const list = async (query: string): Promise<Page> => {
  const { name } = await database.db.user.findUniqueOrThrow({ where: { id: rows.userId } });
  const answer = await api.get(`/api/v1/projects/${name}/demo/pipelines?${query}`, token);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
};

describe('the runs of a project', () => {
  it('are listed newest first, page by page, and by status, ref and trigger [A-PIPE-12]', async () => {
    await makeRun(2, { status: 'failure' });
    await makeRun(3, { trigger: 'api' });
    await makeRun(4, { gitRef: 'refs/heads/topic' });
    const numbers = (page: Page) => page.items.map((run) => run.number);
    const first = await list('limit=3');
    expect(numbers(first)).toEqual([4, 3, 2]);
    const second = await list(`limit=3&cursor=${first.nextCursor ?? ''}`);
    expect(numbers(second)).toEqual([1]);
    expect(second.nextCursor).toBeNull();
    expect(numbers(await list('status=failure'))).toEqual([2]);
    expect(numbers(await list('trigger=api'))).toEqual([3]);
    expect(numbers(await list('ref=topic'))).toEqual([4]);
  });

  it('obey no command once they have ended, and none twice [A-PIPE-03] [A-CORE-09]', async () => {
    const ask = async (id: string, command: string) => {
      const answer = await fetch(`${api.baseUrl}/api/v1/pipelines/${id}/${command}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    const refused = [409, 'illegal_transition'];
    let number = 10;
    for (const status of ['success', 'failure', 'cancelled']) {
      const id = await makeRun((number += 1), { status });
      for (const command of ['cancel', 'pause', 'resume']) {
        expect([status, command, await ask(id, command)]).toEqual([status, command, refused]);
      }
      expect(await database.db.event.count({ where: { subjectId: id } })).toBe(0);
    }
    const queued = await makeRun(20, { status: 'pending' });
    expect(await ask(queued, 'resume')).toEqual(refused);
    expect((await ask(queued, 'cancel'))[0]).toBe(202);
    const paused = await makeRun(21, { status: 'running' });
    await database.db.pipeline.update({
      where: { id: paused },
      data: { isPaused: true, pauseRequested: true },
    });
    expect(await ask(paused, 'pause')).toEqual(refused);
  });
});
