import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { eventually } from '../support/eventually.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { readServerEvents } from '../support/sse.ts';

interface Run {
  id: string;
  status: string;
  trigger: string;
  commitSha: string;
  gitRef: string;
  changeId: string;
  error: string | null;
  steps: {
    name: string;
    status: string;
    exitCode: number | null;
    reason: string | null;
    stepOrder: number;
    logRef: string | null;
  }[];
  gates: { id: string; status: string }[];
}

let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await startSlipway();
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  expect(made.status).toBe(201);
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

async function push(definition: string, files: Record<string, string> = {}): Promise<string> {
  await work.write({ '.platform.yaml': definition, ...files });
  const sha = await work.commit('change');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  return sha;
}

async function runOf(sha: string): Promise<Run> {
  const id = await eventually(async () => {
    const page = await slipway.request('GET', '/api/v1/projects/admin/app/pipelines');
    return (page.body as { items: Run[] }).items.find((run) => run.commitSha === sha)?.id;
  });
  return await getRun(id);
}

async function getRun(id: string): Promise<Run> {
  return (await slipway.request('GET', `/api/v1/pipelines/${id}`)).body as Run;
}

async function ended(sha: string): Promise<Run> {
  const { id } = await runOf(sha);
  return await eventually(async () => {
    const run = await getRun(id);
    return ['success', 'failure', 'cancelled'].includes(run.status) ? run : undefined;
  }, 180_000);
}

async function logOf(run: Run, step: string): Promise<string> {
  return (await slipway.request('GET', `/api/v1/pipelines/${run.id}/steps/${step}/logs`))
    .body as string;
}

describe('from git push to a green pipeline', () => {
  it('runs the steps of a pushed .platform.yaml and keeps their logs in the object store [A-GIT-06] [A-PIPE-02] [A-PIPE-06]', async () => {
    const sha = await push(
      'steps:\n  - name: hello\n    network: none\n    commands: ["echo hello from $SLIPWAY_BRANCH", "id -u"]\n',
    );
    const run = await ended(sha);
    expect(run).toMatchObject({
      status: 'success',
      trigger: 'push',
      gitRef: 'refs/heads/main',
      commitSha: sha,
    });
    const log = await logOf(run, 'hello');
    expect(log).toContain('hello from main\n');
    expect(log).toContain('65534\n');
    expect((await getRun(run.id)).steps[0]?.logRef).toBe(
      `logs/${run.id}/${String(await stepId(run, 'hello'))}.log`,
    );
  }, 240_000);

  it('shows lines to a follower while the step still runs [A-PIPE-06]', async () => {
    const sha = await push(
      'steps:\n  - name: slow\n    network: none\n    commands: ["echo first", "sleep 2", "echo last"]\n',
    );
    const { id } = await runOf(sha);
    let first = 0;
    let last = 0;
    let text = '';
    await eventually(async () => ((await getRun(id)).steps.length > 0 ? true : undefined));
    for await (const event of readServerEvents(
      `${slipway.baseUrl}/api/v1/pipelines/${id}/steps/slow/logs?follow=1`,
      { token: slipway.adminToken },
    )) {
      if (event.event === 'end') break;
      text += (JSON.parse(event.data) as { text: string }).text;
      if (first === 0 && text.includes('\nfirst\n')) first = event.at;
      if (last === 0 && text.includes('\nlast\n')) last = event.at;
    }
    expect(last - first).toBeGreaterThan(1000);
    expect(await logOf(await getRun(id), 'slow')).toBe(text);
  }, 240_000);

  it('stops at the step that fails, with its exit code, and skips what follows [A-PIPE-04]', async () => {
    const sha = await push(`steps:
  - { name: one, network: none, commands: ["echo one > made-by-one"] }
  - { name: two, network: none, commands: ["cat made-by-one", "exit 3"] }
  - { name: three, network: none, commands: ["echo never"] }
`);
    const run = await ended(sha);
    expect(run.status).toBe('failure');
    expect(
      run.steps.map((step) => [step.stepOrder, step.name, step.status, step.exitCode]),
    ).toEqual([
      [0, 'one', 'success', 0],
      [1, 'two', 'failure', 3],
      [2, 'three', 'skipped', null],
    ]);
    expect(await logOf(run, 'two')).toContain('one\n');
  }, 240_000);

  it('fails with a readable message that names line and column when the file is wrong [A-PIPE-01]', async () => {
    const run = await ended(await push('steps:\n  - name: build\n    comands: [make]\n'));
    expect(run.status).toBe('failure');
    expect(run.error).toContain('.platform.yaml:3:5: steps[0].comands: unknown key "comands"');
  }, 240_000);

  it('waits at a gate until somebody approves, then goes on [A-PIPE-03]', async () => {
    const sha = await push(`steps:
  - { name: build, network: none, commands: ["true"] }
  - { name: approve, gate: { approvals: 1, by: "deploy:promote", expires: 1h } }
  - { name: ship, network: none, commands: ["echo shipped"] }
`);
    const { id } = await runOf(sha);
    const gate = await eventually(async () =>
      (await getRun(id)).gates.find((one) => one.status === 'open'),
    );
    expect((await getRun(id)).steps.map((step) => step.status)).toEqual([
      'success',
      'waiting',
      'pending',
    ]);
    const answer = await slipway.request('POST', `/api/v1/gates/${gate.id}/decision`, {
      decision: 'approve',
      reason: 'looks good',
    });
    expect(answer.status).toBe(200);
    const run = await ended(sha);
    expect(run.status).toBe('success');
    expect(run.steps[1]).toMatchObject({ status: 'success', reason: 'looks good' });
  }, 240_000);

  it('ends a running step when it is cancelled [A-PIPE-03]', async () => {
    const sha = await push(
      'steps:\n  - { name: long, network: none, commands: ["sleep 300"] }\n  - { name: after, network: none, commands: ["true"] }\n',
    );
    const { id } = await runOf(sha);
    await eventually(async () =>
      (await getRun(id)).steps[0]?.status === 'running' ? true : undefined,
    );
    expect(
      (await slipway.request('POST', `/api/v1/pipelines/${id}/cancel`, { reason: 'wrong branch' }))
        .status,
    ).toBe(202);
    const run = await ended(sha);
    expect(run.status).toBe('cancelled');
    expect(run.steps.map((step) => step.status)).toEqual(['cancelled', 'cancelled']);
    expect((await slipway.request('POST', `/api/v1/pipelines/${id}/cancel`, {})).status).toBe(409);
  }, 240_000);

  it('tries a step again as often as it says, from a clean workspace [A-PIPE-04]', async () => {
    const sha = await push(
      'steps:\n  - { name: flaky, network: none, retries: 2, commands: ["test ! -e mark", "touch mark", "exit 1"] }\n',
    );
    const run = await ended(sha);
    expect(run.status).toBe('failure');
    const log = await logOf(run, 'flaky');
    expect(log.match(/\$ touch mark/g)).toHaveLength(3);
  }, 240_000);

  it('gives a step its secrets and masks them, and refuses one of another scope [A-PIPE-10] [A-PIPE-11]', async () => {
    await slipway.request('PUT', '/api/v1/projects/admin/app/secrets/API_KEY', {
      value: 'hunter2hunter2',
      scope: 'pipeline',
    });
    await slipway.request('PUT', '/api/v1/projects/admin/app/secrets/PROD_KEY', {
      value: 'other-secret-value',
      scope: 'deploy',
    });
    const good = await ended(
      await push(
        'steps:\n  - { name: use, network: none, secrets: [API_KEY], commands: ["echo key=$API_KEY", "test ${#API_KEY} = 14"] }\n',
      ),
    );
    expect(good.status).toBe('success');
    expect(await logOf(good, 'use')).toContain('key=***\n');
    const bad = await ended(
      await push(
        'steps:\n  - { name: use, network: none, secrets: [PROD_KEY], commands: ["true"] }\n',
      ),
    );
    expect(bad.status).toBe('failure');
    expect(bad.steps[0]?.reason).toContain('PROD_KEY');
    expect(await logOf(bad, 'use')).not.toContain('other-secret-value');
  }, 240_000);

  it('stores artifacts that download unchanged [A-PIPE-07]', async () => {
    const run = await ended(
      await push(
        'steps:\n  - { name: make, network: none, commands: ["mkdir -p dist/sub", "printf abc > dist/a.txt", "printf xyz > dist/sub/b.txt"], artifacts: [{ name: dist, path: "dist/**", expires: 1d }] }\n',
      ),
    );
    expect(run.status).toBe('success');
    const list = (await slipway.request('GET', `/api/v1/pipelines/${run.id}/artifacts`)).body as {
      items: { id: string; path: string; sizeBytes: number; sha256: string }[];
    };
    expect(list.items.map((one) => [one.path, one.sizeBytes])).toEqual([
      ['dist/a.txt', 3],
      ['dist/sub/b.txt', 3],
    ]);
    const content = await slipway.request(
      'GET',
      `/api/v1/artifacts/${list.items[1]?.id ?? ''}/content`,
    );
    expect(content.body).toBe('xyz');
  }, 240_000);

  it('lists runs newest first, with filters [A-PIPE-12]', async () => {
    await ended(await push('steps:\n  - { name: one, network: none, commands: ["true"] }\n'));
    await ended(await push('steps: none\n'));
    const all = (await slipway.request('GET', '/api/v1/projects/admin/app/pipelines?limit=100'))
      .body as { items: (Run & { number: number })[] };
    const numbers = all.items.map((run) => run.number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    const failed = (
      await slipway.request('GET', '/api/v1/projects/admin/app/pipelines?status=failure')
    ).body as { items: Run[] };
    expect(failed.items.length).toBeGreaterThan(0);
    expect(failed.items.every((run) => run.status === 'failure')).toBe(true);
    expect(failed.items.length).toBeLessThan(all.items.length);
  }, 240_000);

  async function stepId(run: Run, name: string): Promise<string> {
    const steps = (await slipway.request('GET', `/api/v1/pipelines/${run.id}/steps`)).body as {
      items: { id: string; name: string }[];
    };
    return steps.items.find((step) => step.name === name)?.id ?? '';
  }
});
