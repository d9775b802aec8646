import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createGitActivities } from '../../activities/git/index.ts';
import type { RepositoryCareResult } from '../../contracts/git/care.ts';
import { repositoryCareScheduleIds } from '../../contracts/git/ids.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { scheduleRepositoryCare } from '../../launch/git.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree } from '../support/git-client.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';
import { testNamespace } from '../support/temporal.ts';
import { bundleWorkflows } from '../support/workflow-bundle.mjs';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

let server: GitServer;
let ann: TestUser;
let client: Client;
let native: NativeConnection;
let workers: Worker[];
let running: Promise<unknown>;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  const { address, namespace } = await testNamespace();
  client = new Client({ connection: await Connection.connect({ address }), namespace });
  // another file of tests may have left its own in this namespace
  for (const id of Object.values(repositoryCareScheduleIds)) {
    await client.schedule.getHandle(id).delete().catch(noop);
  }
  native = await NativeConnection.connect({ address });
  const quiet = { debug: noop, info: noop, warn: noop, error: noop };
  const common = { connection: native, namespace };
  workers = [
    await Worker.create({
      ...common,
      taskQueue: taskQueues.core,
      workflowBundle: await bundleWorkflows(),
    }),
    await Worker.create({
      ...common,
      taskQueue: taskQueues.git,
      activities: createGitActivities({ db: server.db, gitStore: server.store, log: quiet }),
    }),
  ];
  running = Promise.all(workers.map((worker) => worker.run()));
}, 240_000);

afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  for (const id of Object.values(repositoryCareScheduleIds)) {
    await client.schedule.getHandle(id).delete();
  }
  await client.connection.close();
  await native.close();
  await server.stop();
}, 240_000);

function noop(): void {
  // nothing to say
}

describe('repository care', () => {
  it('comes round by a schedule, records what moved unrecorded and sweeps what died [A-GIT-06]', async () => {
    const repository = await server.project(ann, 'cared');
    await server.project(ann, 'empty');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    const sha = await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main');
    await git(repository.dir, ['update-ref', 'refs/heads/moved', sha]);
    const stale = path.join(repository.dir, 'objects/tmp_objdir-incoming-dead01');
    const fresh = path.join(repository.dir, 'objects/tmp_objdir-incoming-live01');
    const lock = path.join(repository.dir, 'refs/heads/stuck.lock');
    await mkdir(stale);
    await mkdir(fresh);
    await writeFile(lock, '');
    const old = new Date(Date.now() - 2 * 3600_000);
    await utimes(stale, old, old);
    await utimes(lock, old, old);

    await scheduleRepositoryCare(client);
    await scheduleRepositoryCare(client);
    const weekly = client.schedule.getHandle(repositoryCareScheduleIds.weekly);
    await weekly.trigger();
    const done = await eventually(async () => {
      const { info } = await weekly.describe();
      const action = info.recentActions.at(-1)?.action;
      return action === undefined ? undefined : action.workflow.workflowId;
    }, 60_000);
    const result = (await client.workflow.getHandle(done).result()) as RepositoryCareResult;
    expect(result).toEqual({ repositories: 2, repairedRefs: 1, sweptQuarantines: 1, damaged: [] });
    const pushes = await server.db.event.findMany({
      where: { projectId: repository.id, type: 'git.pushed' },
      orderBy: { id: 'asc' },
    });
    expect(pushes).toHaveLength(2);
    expect(pushes[1]?.payload).toMatchObject({
      updates: [{ ref: 'refs/heads/moved', newSha: sha }],
    });
    const packed = await readFile(path.join(repository.dir, 'packed-refs'), 'utf8');
    expect(packed).toContain(`${sha} refs/heads/moved\n`);
    const push = await tree.git('push', 'origin', 'main:stuck');
    expect(push).toContain('new branch');
    await tree.remove();
  }, 240_000);

  it('names a damaged repository', async () => {
    const repository = await server.project(ann, 'damaged');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: 'x'.repeat(100) });
    const sha = await tree.commit('first');
    await tree.git('push', '-q', 'origin', 'main');
    const blob = (await tree.git('rev-parse', `${sha}:a`)).trim();
    const file = path.join(repository.dir, 'objects', blob.slice(0, 2), blob.slice(2));
    await git(repository.dir, ['unpack-objects']);
    await writeFile(file, 'broken', { mode: 0o644 }).catch(noop);
    const report = await server.store.care('ann/damaged.git', {
      fsck: true,
      signal: new AbortController().signal,
    });
    expect(report.fsckProblems?.length).toBeGreaterThan(0);
    await tree.remove();
  }, 240_000);
});
