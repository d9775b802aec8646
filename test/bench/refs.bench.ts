import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { keepFigures, machineNow, quantile, spread } from '../support/bench.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { serveBackend } from '../support/http-backend.ts';
import { startSlipway } from '../support/slipway.ts';

/*
 * The first push of many branches with a `.gitmodules`, of commits of their own or all of one, through our API against `git
 * http-backend` behind a bare node server, in turn, in one run. What the client takes, from its start to its end.
 * Milliseconds. Budget: within 5 times. The peer checks no objects, asks nobody and records nothing.
 */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const warm = 1;
const counts = [1, 100, 1111, 4000];

const run = promisify(execFile);
const scratch = await mkdtemp(path.join(tmpdir(), 'slipway-bench-refs-'));

async function git(cwd: string, args: readonly string[], token: string | null = null) {
  const credentials = Buffer.from(`git:${token ?? ''}`).toString('base64');
  const env = {
    PATH: process.env['PATH'],
    HOME: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: token === null ? 'X-Peer: 1' : `Authorization: Basic ${credentials}`,
  };
  const began = performance.now();
  await run('git', args, { cwd, env, maxBuffer: 1 << 26 });
  return performance.now() - began;
}

type Heads = 'own' | 'shared';

/** A repository of so many branches, which have a commit, a file and a `.gitmodules` of their own each, or share one. */
async function makeRepository(count: number, heads: Heads): Promise<string> {
  const dir = path.join(scratch, `source-${heads}-${String(count)}`);
  await git(scratch, ['init', '-q', '--bare', '-b', 'branch-0', dir]);
  const child = spawn('git', ['fast-import', '--quiet'], { cwd: dir });
  const text = (content: string): string =>
    `data ${String(Buffer.byteLength(content))}\n${content}\n`;
  for (let at = 0; at < count; at += 1) {
    const name = `branch-${String(at)}`;
    if (heads === 'shared' && at > 0) {
      child.stdin.write(`reset refs/heads/${name}\nfrom refs/heads/branch-0\n\n`);
      continue;
    }
    const modules = `[submodule "${name}"]\n\tpath = ${name}\n\turl = ../${name}.git\n`;
    child.stdin.write(
      [
        `commit refs/heads/${name}\ncommitter Ann <ann@example.com> 1700000000 +0000\n`,
        text(name),
        `M 100644 inline .gitmodules\n${text(modules)}`,
        `M 100644 inline file.txt\n${text(name)}`,
      ].join(''),
    );
  }
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
  return dir;
}

await setup();
const backendRoot = path.join(scratch, 'backend');
await mkdir(backendRoot);
const backend = await serveBackend(backendRoot);
const peerUrl = `http://127.0.0.1:${String((backend.address() as AddressInfo).port)}`;
const slipway = await startSlipway({ workers: false });

async function pushToUs(source: string, name: string): Promise<number> {
  const { status } = await slipway.request('POST', '/api/v1/projects', { name });
  if (status !== 201) throw new Error(`creating ${name} answered ${String(status)}`);
  const url = `${slipway.baseUrl}/admin/${name}.git`;
  return await git(source, ['push', '-q', url, 'refs/heads/*:refs/heads/*'], slipway.adminToken);
}

async function pushToPeer(source: string, name: string): Promise<number> {
  await git(backendRoot, ['init', '-q', '--bare', `${name}.git`]);
  return await git(source, ['push', '-q', `${peerUrl}/${name}.git`, 'refs/heads/*:refs/heads/*']);
}

async function measure(count: number, heads: Heads) {
  const source = await makeRepository(count, heads);
  const [ours, peer]: [number[], number[]] = [[], []];
  for (let round = -warm; round < rounds; round += 1) {
    const name = `${heads}-${String(count)}-${String(round + warm)}`;
    const pushes = [
      async () => ours.push(await pushToUs(source, name)),
      async () => peer.push(await pushToPeer(source, name)),
    ];
    // who goes first changes from round to round
    if (round % 2 !== 0) pushes.reverse();
    for (const push of pushes) await push();
  }
  for (const times of [ours, peer]) times.splice(0, warm);
  const ratio = Number((quantile(ours, 0.5) / quantile(peer, 0.5)).toFixed(2));
  return { branches: count, heads, oursMs: spread(ours), peerMs: spread(peer), ratio };
}

try {
  const machine = machineNow();
  const pushes = [];
  for (const heads of ['own', 'shared'] as const) {
    for (const count of counts) pushes.push(await measure(count, heads));
  }
  await keepFigures('refs', {
    what: 'first push of branches with a .gitmodules, of commits of their own and of one, against git http-backend',
    ...machine,
    rounds,
    pushes,
    budgetRatio: 5,
  });
} finally {
  await slipway.stop();
  backend.close();
  await teardown();
  await rm(scratch, { recursive: true, force: true });
}
process.exit(0);
