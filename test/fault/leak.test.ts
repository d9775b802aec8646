import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pipelineRunWorkflowId } from '../../contracts/pipeline/ids.ts';
import {
  findLeaks,
  makeCanary,
  sweepDatabase,
  sweepFolder,
  sweepHistory,
  type Leak,
} from '../support/canaries.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { readServerEvents } from '../support/sse.ts';

/** 40 characters that every spelling changes. */
const awkward = makeCanary('leak').slice(0, 40);
/** can be the name of a file and of a command */
const plain = `canary-${'0123456789abcdef'.repeat(2)}`;
const lines = `-----BEGIN KEY-----\nMIIC${'k3Y7'.repeat(14)}\nq9${'Zx8w'.repeat(14)}==\n-----END KEY-----`;
const canaries = [awkward, plain, ...lines.split('\n').filter((line) => !line.startsWith('-'))];

/** Prints the secret in each form, and split into two writes at each of its offsets. */
const printer = `
const value = process.env.AWKWARD;
const bytes = Buffer.from(value);
const wait = () => new Promise((resolve) => setTimeout(resolve, 15));
const json = JSON.stringify(value);
const forms = [value, bytes.toString('base64'), Buffer.from('user:' + value).toString('base64'), bytes.toString('base64url'),
  bytes.toString('hex'), bytes.toString('hex').toUpperCase(), encodeURIComponent(value), json, JSON.stringify({ json })];
for (const form of forms) console.log('form', form);
for (let at = 0; at <= bytes.length; at++) {
  process.stdout.write(Buffer.concat([Buffer.from('split '), bytes.subarray(0, at)]));
  await wait();
  process.stdout.write(Buffer.concat([bytes.subarray(at), Buffer.from('\\n')]));
}
console.log(process.env.LINES);
console.log(process.env.LINES.split('\\n')[1]);
console.error(new Error('cannot use ' + value).stack);
`;

const definition = `steps:
  - name: leak
    network: none
    secrets: [AWKWARD, PLAIN, LINES]
    commands:
      - node print.mjs
      - echo "$PLAIN" | tee /dev/stderr
      - mkdir -p out && echo nothing > "out/$PLAIN.txt"
    artifacts: [{ name: files, path: "out/**" }]
  - name: fetches
    commands:
      - env; git config --list
      - GIT_TRACE_CURL=1 GIT_TRACE_REDACT=0 git fetch --tags origin
      - mkdir kept && echo "$GIT_CONFIG_VALUE_1" | rev > kept/reversed
    artifacts: [{ name: kept, path: "kept/*" }]
  - name: broken
    network: none
    secrets: [PLAIN]
    env: { WRAPPED: "prefix-\${{ secrets.PLAIN }}-suffix" }
    commands: ['echo "$WRAPPED"', '"$PLAIN"']
`;

let slipway: Slipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await startSlipway({ env: { LOG_LEVEL: 'debug' } });
  const made = await slipway.request('POST', '/api/v1/projects', { name: 'app' });
  expect(made.status).toBe(201);
  for (const [name, value] of Object.entries({ AWKWARD: awkward, PLAIN: plain, LINES: lines })) {
    const set = await slipway.request('POST', '/api/v1/projects/admin/app/secrets', {
      name,
      value,
    });
    expect(set.status).toBe(201);
  }
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

/** Arguments of every process of this machine, and the environment of our own two. */
async function sweepProcesses(): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    leaks.push(...findLeaks(`arguments of ${pid}`, argv, canaries));
  }
  for (const which of ['api', 'workers'] as const) {
    const environment = await readFile(`/proc/${String(slipway.pid(which))}/environ`);
    leaks.push(...findLeaks(`environment of ${which}`, environment, canaries));
  }
  return leaks;
}

/** The token that the step fetched with: it kept it backwards. */
async function tokenOfFetches(listed: unknown): Promise<string> {
  const { items } = listed as { items: { path: string; contentUrl: string }[] };
  const kept = items.find(({ path: name }) => name === 'kept/reversed');
  const content = (await slipway.request('GET', kept?.contentUrl ?? '')).body as string;
  const [, token = ''] =
    /^Bearer (\S{43})$/.exec([...content.trim()].reverse().join('').replace(/^.*: /, '')) ?? [];
  expect(token).not.toBe('');
  return token;
}

describe('the sweep', () => {
  it('finds each form of a canary, between other bytes', () => {
    for (const canary of canaries) {
      const inside = Buffer.from(`ab${canary}cd`);
      const found = [
        inside.toString(),
        inside.toString('base64'),
        inside.subarray(1).toString('base64url'),
        inside.toString('hex'),
        encodeURIComponent(inside.toString()),
        JSON.stringify({ value: inside.toString() }),
      ];
      for (const text of found) expect(findLeaks('here', text, [canary])).not.toEqual([]);
      expect(findLeaks('here', inside, [canary])).not.toEqual([]);
    }
    expect(findLeaks('here', 'nothing of the kind', canaries)).toEqual([]);
  });
});

describe('secrets of a pipeline', () => {
  it('turn up nowhere, in no form and however their output is split [A-PIPE-11] [A-SEC-01] [E6] [I4]', async () => {
    await work.write({ '.platform.yaml': definition, 'print.mjs': printer });
    const sha = await work.commit('leak');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    const id = await eventually(async () => {
      const page = await slipway.request('GET', '/api/v1/projects/admin/app/pipelines');
      const { items } = page.body as { items: { id: string; commitSha: string }[] };
      return items.find((run) => run.commitSha === sha)?.id;
    });
    await eventually(async () => {
      const steps = await slipway.request('GET', `/api/v1/pipelines/${id}/steps`);
      return (steps.body as { items: unknown[] }).items.length > 0 ? true : undefined;
    });
    const leaks: Leak[] = [];
    let streamed = '';
    const logs = `/api/v1/pipelines/${id}/steps/leak/logs`;
    for await (const event of readServerEvents(`${slipway.baseUrl}${logs}?follow=1`, {
      token: slipway.adminToken,
    })) {
      streamed += event.data;
      if (event.event === 'log') leaks.push(...(await sweepProcesses()));
    }
    const run = await eventually(async () => {
      const answer = await slipway.request('GET', `/api/v1/pipelines/${id}`);
      const body = answer.body as { status: string; steps: { name: string; status: string }[] };
      return ['success', 'failure'].includes(body.status) ? body : undefined;
    }, 60_000);
    // the steps did run as written: what is checked below was really printed
    expect(run.steps.map((step) => [step.name, step.status])).toEqual([
      ['leak', 'success'],
      ['fetches', 'success'],
      ['broken', 'failure'],
    ]);
    const stored = (await slipway.request('GET', logs)).body as string;
    expect(stored.match(/^form /gm)).toHaveLength(9);
    expect(stored.match(/^split \*\*\*$/gm)).toHaveLength(Buffer.byteLength(awkward) + 1);
    const broken = (await slipway.request('GET', `/api/v1/pipelines/${id}/steps/broken/logs`))
      .body as string;
    expect(broken).toContain('prefix-***-suffix');
    expect(broken).toContain('***: not found');
    const listed = (await slipway.request('GET', `/api/v1/pipelines/${id}/artifacts`)).body;
    const artifacts = JSON.stringify(listed);
    expect(artifacts).toContain('out/***.txt');

    const fetched = (await slipway.request('GET', `/api/v1/pipelines/${id}/steps/fetches/logs`))
      .body as string;
    expect(fetched).toMatch(/GIT_CONFIG_VALUE_1=Authorization: Bearer \*\*\*$/m);
    expect(fetched).toMatch(/authorization: bearer \*\*\*$/im);
    const all = [...canaries, await tokenOfFetches(listed)];

    const connection = await Connection.connect({ address: slipway.temporal.address });
    const client = new Client({ connection, namespace: slipway.temporal.namespace });
    const history = await client.workflow.getHandle(pipelineRunWorkflowId(id)).fetchHistory();
    await connection.close();
    expect(history.events?.length).toBeGreaterThan(10);
    leaks.push(
      ...findLeaks('stream', streamed, all),
      ...findLeaks('log', stored + broken + fetched, all),
      ...findLeaks('artifacts', artifacts, all),
      ...findLeaks('run', JSON.stringify(run), all),
      ...findLeaks('output of the processes', slipway.output(), all),
      ...sweepHistory('history', history, all),
      ...(await sweepDatabase(slipway.database.url, all)),
      // a workspace holds what the step itself wrote there
      ...(await sweepFolder(slipway.home, all, new RegExp(`^${path.join(slipway.home, 'runs')}$`))),
    );
    expect(leaks).toEqual([]);
  }, 240_000);
});
