import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { gitStoreOfConfig } from '../../adapters/git/git-store-of-config.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { keepFigures, machineNow } from '../support/bench.ts';
import { type SentStatement, statementsOf } from '../support/count-statements.ts';
import { makeWorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { type Slipway, startSlipway } from '../support/slipway.ts';
import { startTestApi } from '../support/test-api.ts';
import { openDatabase } from '../support/test-database.ts';

/*
 * Reads of the REST API at a fixed rate (open loop, from a process of its own), each in turn with the same SQL behind bare
 * Hono, in a process of its own: whatever each route sends to Postgres when it is warm. Times are from the moment that a request was due.
 */
const PER_SECOND = Number(process.env['BENCH_PER_SECOND'] ?? 200);
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 10);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** not counted, s */
const WARM = 2;
const ONLY = process.env['BENCH_ROUTES']?.split(',');

const run = promisify(execFile);

interface Times {
  p50: number;
  p95: number;
  p99: number;
  n: number;
  failed: number;
}

async function load(url: string, headers: Record<string, string>): Promise<Times> {
  const orders = { url, headers, perSecond: PER_SECOND, seconds: SECONDS, warmSeconds: WARM };
  const { stdout } = await run(process.execPath, [path.resolve('test/support/open-loop.mjs')], {
    env: { PATH: process.env['PATH'], OPEN_LOOP: JSON.stringify(orders) },
    timeout: (SECONDS + 40) * 1000,
  });
  return JSON.parse(stdout) as Times;
}

const project = '/api/v1/projects/admin/shop';

const must = async (slipway: Slipway, at: string, body: unknown): Promise<void> => {
  const answer = await slipway.request('POST', at, body);
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
};

/** 60 projects; one of them with a merge request into a protected branch. @returns the commit of its head */
async function fillProjects(slipway: Slipway): Promise<string> {
  const names = Array.from({ length: 60 }, (_, at) => (at === 0 ? 'shop' : `project-${at}`));
  for (const name of names) {
    await must(slipway, '/api/v1/projects', { name, description: 'x'.repeat(80) });
  }
  const tree = await makeWorkTree(`${slipway.baseUrl}/admin/shop.git`, slipway.adminToken);
  await tree.write({ 'README.md': '# Shop\n', 'a.txt': 'a\n'.repeat(50) });
  await tree.commit('Open the shop');
  await tree.git('push', '--quiet', 'origin', 'main');
  await tree.git('switch', '--quiet', '--create', 'topic');
  await tree.write({ 'b.txt': 'b\n' });
  const headSha = await tree.commit('Add b');
  await tree.git('push', '--quiet', 'origin', 'topic');
  await tree.remove();
  const rule = { pattern: 'main', requiredApprovals: 1, requiredChecks: ['test'] };
  await must(slipway, `${project}/protected-branches`, rule);
  const branches = { sourceBranch: 'topic', targetBranch: 'main' };
  await must(slipway, `${project}/merge-requests`, { title: 'Add b', ...branches });
  return headSha;
}

/** 200 runs of 3 steps, 20 of them of the head, and 200 issues with 3 comments each. */
async function fillRows({ database: { db } }: Slipway, headSha: string): Promise<void> {
  const { id: projectId, ownerId } = await db.project.findFirstOrThrow({ where: { name: 'shop' } });
  const startedAt = new Date();
  const run = { projectId, trigger: 'push', gitRef: 'refs/heads/topic', commitTitle: 'Add b' };
  const step = { projectId, image: 'x', status: 'success' };
  const issue = { projectId, authorId: ownerId, body: 'word '.repeat(60), labels: ['wish'] };
  for (let number = 1; number <= 200; number += 1) {
    const steps = ['build', 'test', 'publish'].map((name, stepOrder) => ({
      ...step,
      ...{ id: newId('step'), name, stepOrder },
    }));
    const commitSha = number <= 20 ? headSha : number.toString(16).padStart(40, '0');
    const of = { id: newId('pipeline'), number, changeId: newId('change'), commitSha };
    const ended = { status: 'success', startedAt, finishedAt: startedAt };
    await db.pipeline.create({ data: { ...run, ...of, ...ended, steps: { create: steps } } });
    const comments = [1, 2, 3].map(() => ({
      ...{ id: newId('comment'), authorId: ownerId, projectId, body: 'Yes.' },
    }));
    const status = number % 3 === 0 ? 'closed' : 'open';
    const one = { id: newId('issue'), number: 1000 + number, title: `Wish ${number}`, status };
    await db.issue.create({ data: { ...issue, ...one, comments: { create: comments } } });
  }
  await db.$executeRawUnsafe('ANALYZE');
}

const routes = {
  'GET project': project,
  'list projects (30)': '/api/v1/projects?limit=30',
  'list pipelines (50)': '/api/v1/pipelines?limit=50',
  mergeability: `${project}/merge-requests/1/mergeability`,
  'list issues (50)': `${project}/issues?limit=50&status=open`,
} as const;
type Route = keyof typeof routes;
const names = (Object.keys(routes) as Route[]).filter(
  (name) => ONLY === undefined || ONLY.some((part) => name.includes(part)),
);

/** What each route sends to Postgres once it is warm, asked in this process over the same rows. */
async function statementsByRoute(slipway: Slipway): Promise<SentStatement[][]> {
  const database = openDatabase(slipway.database.url);
  const gitStore = gitStoreOfConfig(loadConfig({ env: { SLIPWAY_HOME: slipway.home } }));
  const api = await startTestApi(database, { services: { gitStore } });
  const read = async (name: Route): Promise<void> => {
    const answer = await api.get(routes[name], slipway.adminToken);
    if (answer.status !== 200) throw new Error(`${name}: ${await answer.text()}`);
    await answer.text();
  };
  const sent: SentStatement[][] = [];
  for (const name of names) {
    await read(name);
    sent.push(await statementsOf(() => read(name)));
  }
  await api.stop();
  await database.drop();
  return sent;
}

async function startPeer(databaseUrl: string, sent: readonly SentStatement[][]) {
  const child = fork(path.resolve('test/support/bare-hono.mjs'), {
    env: { PATH: process.env['PATH'], BARE_HONO: JSON.stringify({ databaseUrl, routes: sent }) },
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { child, pid: child.pid ?? 0, baseUrl: `http://127.0.0.1:${port}` };
}

function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Sample extends Times {
  /** CPU of the answering process for one request, ms */
  cpuMs: number;
}

async function sample(pid: number, url: string, headers: Record<string, string>): Promise<Sample> {
  const before = cpuMs(pid);
  const times = await load(url, headers);
  const cpu = (cpuMs(pid) - before) / ((SECONDS + WARM) * PER_SECOND);
  return { ...times, cpuMs: Math.round(cpu * 100) / 100 };
}

/** The round in the middle, by its slowest requests. */
function middle(samples: readonly Sample[]): Sample | undefined {
  return [...samples].sort((a, b) => a.p99 - b.p99)[Math.floor((samples.length - 1) / 2)];
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

async function measure(slipway: Slipway) {
  const sent = await statementsByRoute(slipway);
  const peer = await startPeer(slipway.database.url, sent);
  const headers = { authorization: `Bearer ${slipway.adminToken}`, 'accept-encoding': 'gzip' };
  const samples = names.map(() => ({ ours: [] as Sample[], bare: [] as Sample[] }));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [at, name] of names.entries()) {
      const ours = await sample(slipway.pid('api'), slipway.baseUrl + routes[name], headers);
      const bare = await sample(peer.pid, `${peer.baseUrl}/${at}`, {});
      samples[at]?.ours.push(ours);
      samples[at]?.bare.push(bare);
      process.stdout.write(`${name}: ${JSON.stringify({ ours, bare })}\n`);
    }
  }
  peer.child.disconnect();
  const rows = names.map((name, at) => {
    const ours = middle(samples[at]?.ours ?? []);
    const bare = middle(samples[at]?.bare ?? []);
    if (ours === undefined || bare === undefined) throw new Error(`${name} was not measured`);
    const ratio = { p50: rounded(ours.p50 / bare.p50), p99: rounded(ours.p99 / bare.p99) };
    const cpu = rounded(ours.cpuMs / bare.cpuMs);
    return [name, { statements: sent[at]?.length, ours, bare, ratio: { ...ratio, cpu } }] as const;
  });
  return Object.fromEntries(rows);
}

const machine = machineNow();
await setup();
try {
  const slipway = await startSlipway({
    workers: false,
    env: { SLIPWAY_SERVER_RATE_LIMIT_PER_MINUTE: '10000000' },
  });
  try {
    await fillRows(slipway, await fillProjects(slipway));
    const figures = await measure(slipway);
    const load = { perSecond: PER_SECOND, seconds: SECONDS, rounds: ROUNDS };
    const budget = { p99Ms: 50, ratio: 2 };
    await keepFigures('api', { at: new Date().toISOString(), ...machine, load, budget, figures });
  } finally {
    await slipway.stop();
  }
} finally {
  await teardown();
}
process.exit(0);
