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
  more: {
    status?: string;
    trigger?: string;
    gitRef?: string;
    commitTitle?: string;
    commitSha?: string;
    projectId?: string;
  },
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

  it('are found by any word of what a line of the list shows, among all of them, and as it is written', async () => {
    const { name } = await database.db.user.findUniqueOrThrow({ where: { id: rows.userId } });
    const data = { commitTitle: 'Fold the a_b boat', commitSha: 'abcdef0'.padEnd(40, '1') };
    const found = await makeRun(100, { gitRef: 'refs/heads/zeta/one', ...data });
    for (let number = 101; number < 106; number += 1) await makeRun(number, {});
    const all = async (q: string): Promise<string[]> => {
      const path = `/api/v1/pipelines?limit=3&q=${encodeURIComponent(q)}`;
      const answer = await api.get(path, token);
      return ((await answer.json()) as { items: { id: string }[] }).items.map((run) => run.id);
    };
    for (const q of ['fold BOAT', 'zeta/one', `${name}/demo boat`, 'abcdef', '#100', 'a_b']) {
      expect([q, await all(q)]).toEqual([q, [found]]);
    }
    for (const q of ['a%b', 'a-b', 'bcdef0', 'fold nothing']) {
      expect([q, await all(q)]).toEqual([q, []]);
    }
    expect((await list('q=boat')).items).toHaveLength(1);
  });

  it('are told apart as those that run and those that have ended', async () => {
    const running = (await list('finished=false&limit=100')).items.map((run) => run.status);
    expect(new Set(running)).toEqual(new Set(['running']));
    const ended = (await list('finished=true&limit=100')).items.map((run) => run.status);
    expect(ended).not.toContain('running');
    expect(ended.length).toBeGreaterThan(5);
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

describe('the newest runs', () => {
  it('are one a branch and one a project, however many of others there are since', async () => {
    const other = await makeRunRows(database.db);
    await bindTestRole(database.db, rows.userId, 'viewer', other.projectId);
    const { projectId } = other;
    const branches = ['main', 'fixed', 'gone', 'stopped', 'passes'];
    for (const branch of branches.filter((each) => each !== 'gone')) {
      await database.db.gitRef.create({
        data: { projectId, name: `refs/heads/${branch}`, sha: 'a'.repeat(40) },
      });
    }
    let number = 1;
    const make = (branch: string, status: string) =>
      makeRun((number += 1), { projectId, status, gitRef: `refs/heads/${branch}` });
    const broken = await make('main', 'failure');
    await make('fixed', 'failure');
    await make('fixed', 'success');
    // a branch that is no more is broken for nobody
    await make('gone', 'failure');
    // neither one that was stopped nor one that runs says that it passes now
    const stopped = await make('stopped', 'failure');
    await make('stopped', 'cancelled');
    await make('stopped', 'running');
    const passes = await make('passes', 'success');
    await database.db.pipeline.createMany({
      data: Array.from({ length: 300 }, (_, index) => ({
        id: newId('pipeline'),
        number: 1_000 + index,
        projectId: rows.projectId,
        changeId: newId('change'),
        trigger: 'push',
        gitRef: 'refs/heads/busy',
        status: 'success',
      })),
    });
    const ask = async (query: string): Promise<string[]> => {
      const ids: string[] = [];
      let cursor = '';
      do {
        const answer = await api.get(`/api/v1/pipelines?limit=1&${query}${cursor}`, token);
        expect([query, answer.status]).toEqual([query, 200]);
        const page = (await answer.json()) as {
          items: { id: string }[];
          nextCursor: string | null;
        };
        ids.push(...page.items.map((run) => run.id));
        cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
      } while (cursor !== '');
      return ids;
    };
    expect(await ask('newest=branch&status=failure')).toEqual([stopped, broken]);
    const ofOther = await ask(`newest=project&projects=${projectId}`);
    expect(ofOther).toEqual([passes]);
    expect((await ask('newest=project')).length).toBe(2);
    const refused = await api.get('/api/v1/pipelines?newest=branch&q=x', token);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ pointer: '#/query/q' }] });
  });
});
