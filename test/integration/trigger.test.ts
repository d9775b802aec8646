import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { EventRecord } from '../../contracts/event/types.ts';
import { heavyBy, runHere } from '../../domain/heavy/heavy.ts';
import {
  createRepositoryReader,
  type RepositoryReader,
} from '../../domain/pipeline/repository-reader.ts';
import { triggerPipelinesForPush } from '../../domain/pipeline/trigger-pipelines.ts';
import { createEventHandler } from '../../workers/handle-event.ts';
import { drainEvents } from '../support/drain-events.ts';
import { startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { followEvents, reviewProject, type ReviewProject } from '../support/review-steps.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let reader: RepositoryReader;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  reader = createRepositoryReader(server.store, heavyBy(runHere));
}, 240_000);
afterAll(async () => {
  await server.stop();
});

const file = 'on: [push, merge_request]\nsteps: [{ name: a, commands: [x] }]\n';
const project = (name: string) => reviewProject(server, ann, name, { '.platform.yaml': file });

/** Does what the dispatcher does with pushes, until there is nothing left. */
async function followAll(repositories: RepositoryReader = reader): Promise<void> {
  const handle = async (event: EventRecord) => {
    if (!['git.pushed', 'pipeline.trigger_requested'].includes(event.type)) return;
    await triggerPipelinesForPush(server.db, repositories, event);
  };
  await drainEvents(server.db, 'core', handle);
}

/** Does what the dispatcher does with merge requests that were put off. */
async function followAsked(): Promise<void> {
  const handler = { db: server.db, repositories: reader, git: server.store };
  // Nothing here is started.
  const handle = createEventHandler({ ...handler, client: null as unknown as Client });
  await drainEvents(server.db, 'core', async (event) => {
    if (event.type === 'pipeline.trigger_requested') await handle(event);
  });
}

async function runsOf({ repository }: ReviewProject) {
  const runs = await server.db.pipeline.findMany({
    where: { projectId: repository.id },
    orderBy: { number: 'asc' },
  });
  return runs.map(({ gitRef, status, error, trigger }) => ({
    ref: gitRef.replace(/^refs\/(heads|tags)\//, ''),
    status,
    error,
    trigger,
  }));
}
const refs = async (at: ReviewProject, status: string) =>
  (await runsOf(at)).filter((run) => run.status === status).map(({ ref }) => ref);

describe('a push', () => {
  it('runs each tag that leads to a commit, and says of one that leads to a file that it does not [A-PIPE-02]', async () => {
    const at = await project('tags');
    await at.tree.git('tag', 'v1');
    await at.tree.git('tag', '-a', '-m', 'two', 'v2');
    await at.tree.git('tag', '-a', '-m', 'of a tag', 'v3', 'v2');
    await at.tree.git('tag', 'a-blob', 'HEAD:.platform.yaml');
    await at.tree.git('tag', '-a', '-m', 'tree', 'a-tree', 'HEAD^{tree}');
    await at.tree.git('push', '--quiet', '--tags', 'origin');
    await followAll();
    expect(await refs(at, 'pending')).toEqual(['main', 'v1', 'v2', 'v3']);
    expect((await runsOf(at)).filter((run) => run.status === 'skipped')).toMatchObject([
      { ref: 'a-blob', error: expect.stringContaining('a-blob leads to no commit') },
      { ref: 'a-tree', error: expect.stringContaining('a-tree leads to no commit') },
    ]);
    expect(await server.db.eventDeadLetter.count()).toBe(0);
  });

  it('runs as many refs as a push may, and says of the others that they got no run [A-PIPE-02]', async () => {
    const at = await project('many-tags');
    const tags = Array.from({ length: 130 }, (_, n) => `HEAD:refs/tags/v${String(n)}`);
    const said = await at.tree.git('push', 'origin', ...tags);
    expect(said).toContain('remote: 30 refs of this push get no pipeline: a push gets at most 100');
    await followAll();
    expect(await refs(at, 'pending')).toHaveLength(101);
    expect((await runsOf(at)).filter((run) => run.status === 'skipped')).toMatchObject([
      { error: 'It and 29 more refs of the push got no run: a push gets at most 100.' },
    ]);
  });

  it('goes on past a ref that cannot be read, and gives that one up alone [A-EVT-03]', async () => {
    const at = await project('poisoned');
    await at.tree.git('tag', 'good-1');
    await at.tree.commit('bad');
    await at.tree.git('tag', 'bad');
    const bad = (await at.tree.git('rev-parse', 'HEAD')).trim();
    await at.tree.git('tag', 'good-2', 'HEAD~1');
    await at.tree.git('push', '--quiet', '--tags', 'origin');
    const poisoned: RepositoryReader = {
      ...reader,
      definition: (repoPath, sha) =>
        sha === bad ? Promise.reject(new Error('broken')) : reader.definition(repoPath, sha),
    };
    await followAll(poisoned);
    expect(await refs(at, 'pending')).toEqual(['main', 'good-1', 'good-2']);
    const letters = await server.db.eventDeadLetter.findMany();
    expect(letters).toMatchObject([{ consumer: 'core', error: 'Error: broken' }]);
    await server.db.eventDeadLetter.deleteMany();
  });

  it('lets the pushes of others by while its definitions are read [A-CORE-10]', async () => {
    const [slow, quick] = [await project('slow'), await project('quick')];
    await followAll();
    for (let n = 1; n <= 5; n += 1) {
      await slow.tree.commit(`slow ${String(n)}`);
      await slow.tree.git('tag', `s${String(n)}`);
    }
    await slow.tree.git('push', '--quiet', '--tags', 'origin');
    await quick.push('topic', { a: '1' });
    const remembered = new Map<string, ReturnType<RepositoryReader['definition']>>();
    const slowly: RepositoryReader = {
      ...reader,
      definition: (repoPath, sha) => {
        const made =
          remembered.get(sha) ??
          (repoPath.includes('slow')
            ? new Promise((resolve) => setTimeout(resolve, 3000)).then(() =>
                reader.definition(repoPath, sha),
              )
            : reader.definition(repoPath, sha));
        remembered.set(sha, made);
        return made;
      },
    };
    await followAll(slowly);
    expect(await refs(slow, 'pending')).toHaveLength(6);
    expect(await refs(quick, 'pending')).toEqual(['main', 'topic']);
    const made = await server.db.pipeline.findMany({
      where: { gitRef: { in: ['refs/heads/topic', 'refs/tags/s1'] }, commitTitle: { not: null } },
      orderBy: { createdAt: 'asc' },
    });
    const mine = made.filter(({ projectId }) =>
      [slow.repository.id, quick.repository.id].includes(projectId),
    );
    expect(mine.map(({ projectId }) => projectId)).toEqual([
      quick.repository.id,
      slow.repository.id,
    ]);
  });
});

describe('a merge request', () => {
  it('is not held up by the definition of another one, which runs when it is read [A-CORE-10]', async () => {
    const [slow, quick] = [await project('slow-request'), await project('quick-request')];
    await followEvents(server);
    for (const at of [slow, quick]) {
      await at.push('topic', { a: '1' });
      await at.open('topic');
    }
    await followAll();
    const isOfRequest = ({ trigger }: { trigger: string }) => trigger === 'mr';
    const runs = async (at: ReviewProject) => (await runsOf(at)).filter(isOfRequest);
    const released = new AbortController();
    const slowly: RepositoryReader = {
      ...reader,
      definition: async (repoPath, sha) => {
        // At most so long, or a consumer that waits for it would never tell.
        const aborted = { signal: released.signal };
        if (repoPath.includes('slow')) await sleep(4000, null, aborted).catch(() => null);
        return await reader.definition(repoPath, sha);
      },
    };
    await followEvents(server, slowly);
    expect([await runs(slow), await runs(quick)]).toMatchObject([[], [{ status: 'pending' }]]);
    released.abort();
    await followAsked();
    expect(await runs(slow)).toMatchObject([{ ref: 'topic', status: 'pending' }]);
  });

  it('whose definition cannot be read at first runs when it can, and holds nobody up [A-EVT-03]', async () => {
    const at = await project('broken-request');
    await at.push('topic', { a: '1' });
    await at.open('topic');
    await followAll();
    const tries = { count: 0 };
    const broken: RepositoryReader = {
      ...reader,
      definition: () => {
        tries.count += 1;
        return Promise.reject(new Error('broken'));
      },
    };
    await followEvents(server, broken);
    expect(tries.count).toBe(1);
    await followAsked();
    expect((await runsOf(at)).filter(({ trigger }) => trigger === 'mr')).toHaveLength(1);
  });
});

describe('the files that a push has changed', () => {
  it('are all of them, however many they are [A-PIPE-01]', async () => {
    const at = await project('many-files');
    const before = (await at.tree.git('rev-parse', 'HEAD')).trim();
    const files = Array.from({ length: 1500 }, (_, n) => [`gen/${String(n)}`, 'x'] as const);
    await at.tree.write({ ...Object.fromEntries(files), 'web/a': 'x' });
    const after = await at.tree.commit('many');
    await at.tree.git('push', '--quiet', 'origin', 'main');
    const changed = await reader.changedPaths('ann/many-files.git', before, after);
    expect(changed).toHaveLength(1501);
    expect(changed).toContain('web/a');
    expect(await reader.changedPaths('ann/many-files.git', 'f'.repeat(40), after)).toBeNull();
  });
});

describe('a commit that says that it is to be skipped', () => {
  it('has no run, and says so in the lists of runs [A-PIPE-02]', async () => {
    const at = await project('skip');
    const sha = await at.push('topic', { a: '1' }, 'docs\n\nlater [CI skip]');
    await followAll();
    const [, skipped] = await runsOf(at);
    expect(skipped).toEqual({
      ref: 'topic',
      status: 'skipped',
      trigger: 'push',
      error: 'skipped by "[CI skip]" in the message of the commit',
    });
    const { body } = await at.api<{ items: object[] }>(ann, 'GET', `/pipelines?commit=${sha}`);
    expect(body.items).toMatchObject([{ status: 'skipped', error: skipped?.error }]);
    const { status } = await at.api(ann, 'POST', '/pipelines', { ref: 'topic' });
    expect([status, await refs(at, 'pending')]).toEqual([201, ['main', 'topic']]);
  });

  it('satisfies no required check, as a head of a merge request either [A-MR-06]', async () => {
    const at = await project('skip-request');
    const rule = { pattern: 'main', allowWriters: true, requiredChecks: ['pipeline'] };
    await at.api(ann, 'POST', '/protected-branches', rule);
    await at.push('topic', { a: '1' }, 'quick [skip ci]');
    const { number } = await at.open('topic');
    await followAll();
    await followEvents(server);
    expect((await runsOf(at)).slice(1)).toMatchObject([
      { status: 'skipped', trigger: 'push' },
      { status: 'skipped', trigger: 'mr' },
    ]);
    const { body } = await at.api<{ rules: { rule: string; state: string; detail: string }[] }>(
      ann,
      'GET',
      `/merge-requests/${String(number)}/mergeability`,
    );
    expect(body.rules.find(({ rule: name }) => name === 'check:pipeline')).toMatchObject({
      state: 'missing',
      detail: expect.stringContaining('was skipped'),
    });
  });
});

describe('options of a push', () => {
  it('keep it from running, and are told of where they say nothing to us [A-PIPE-02]', async () => {
    const at = await project('options');
    await at.tree.commit('more');
    const push = (...more: string[]) =>
      at.tree.git('push', ...more.flatMap((one) => ['-o', one]), 'origin', 'HEAD:topic');
    const said = await push('ci.skip', 'ci.variable=A=b', 'merge_request.create', 'x\u001b[31m');
    expect(said).toContain('remote: ci.skip: no pipeline runs for this push');
    expect(said).toContain('remote: The push option ci.variable=A=b is not supported: ');
    expect(said).toContain('remote: The push option merge_request.create is not supported');
    expect(said).toContain('[31m is not known: it has no effect');
    expect(said).not.toContain('\u001b[31m');
    await followAll();
    expect((await runsOf(at))[1]).toMatchObject({
      ref: 'topic',
      status: 'skipped',
      error: 'skipped by the push option ci.skip',
    });
  });

  it('can be none that break a line of the hook, nor very many [A-GIT-09]', async () => {
    const at = await project('odd-options');
    await at.tree.commit('more');
    const many = Array.from({ length: 40 }, (_, n) => ['-o', `o${String(n)}`]).flat();
    await expect(at.tree.git('push', ...many, 'origin', 'HEAD:topic')).rejects.toThrow(
      'at most 32 options',
    );
    expect(await at.shaOf('topic')).toBeNull();
  });
});
