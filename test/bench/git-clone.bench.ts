import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { keepFigures, machineNow, quantile } from '../support/bench.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { serveBackend } from '../support/http-backend.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { judge } from './support/targets.ts';

/*
 * Clones of small repositories and of those with many refs through our API against `git http-backend` behind a bare node
 * server, in turn, in one run: what the client takes, from its start to its end, without a checkout, which is its own. It
 * has its credentials where people have them, so that it asks without them first; the peer asks nobody. Both repositories are
 * as the same push leaves them.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const FILES = (process.env['BENCH_FILES'] ?? '200,10000').split(',').map(Number);
const REFS = Number(process.env['BENCH_REFS'] ?? 5000);
const warm = 3;

const run = promisify(execFile);
const scratch = await mkdtemp(path.join(tmpdir(), 'slipway-bench-clone-'));

async function git(cwd: string, ...args: string[]): Promise<number> {
  const env = {
    PATH: process.env['PATH'],
    HOME: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
  const began = performance.now();
  await run('git', args, { cwd, env, maxBuffer: 1 << 26 });
  return performance.now() - began;
}

/** A bare repository made of one `git fast-import`. */
async function makeRepository(name: string, lines: Iterable<string>): Promise<string> {
  const dir = path.join(scratch, name);
  await git(scratch, 'init', '-q', '--bare', '-b', 'main', dir);
  const child = spawn('git', ['fast-import', '--quiet'], { cwd: dir });
  for (const line of lines) if (!child.stdin.write(line)) await once(child.stdin, 'drain');
  child.stdin.end();
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`git fast-import ended with ${String(code)}`);
  return dir;
}

const data = (content: string): string =>
  `data ${String(Buffer.byteLength(content))}\n${content}\n`;
const commit = (ref: string): string =>
  `commit ${ref}\ncommitter Ann <ann@example.com> 1700000000 +0000\n${data(ref)}`;

/** One commit of so many files of about 1.5 KB, a hundred in a folder. */
function* commitOfFiles(count: number): Iterable<string> {
  yield commit('refs/heads/main');
  for (let n = 0; n < count; n += 1) {
    const line = (at: number): string => `export const v${n}_${at} = ${n * 31 + at * 7};`;
    const content = Array.from({ length: 40 }, (_, at) => line(at)).join('\n');
    yield `M 100644 inline src/d${String(Math.floor(n / 100))}/f${String(n)}.ts\n${data(content)}`;
  }
}

/** So many branches with a commit and a file each. */
function* branches(count: number): Iterable<string> {
  for (let n = 0; n < count; n += 1) {
    const ref = n === 0 ? 'refs/heads/main' : `refs/heads/branch-${String(n)}`;
    yield `${commit(ref)}M 100644 inline file.txt\n${data(String(n))}`;
  }
}

interface Servers {
  slipway: Slipway;
  backendUrl: string;
  backendRoot: string;
}

async function compare({ slipway, backendUrl, backendRoot }: Servers, name: string, dir: string) {
  const { status } = await slipway.request('POST', '/api/v1/projects', { name });
  if (status !== 201) throw new Error(`creating ${name} answered ${String(status)}`);
  const base = new URL(slipway.baseUrl);
  const ours = `http://git:${slipway.adminToken}@${base.host}/admin/${name}.git`;
  const peer = `${backendUrl}/${name}.git`;
  await git(backendRoot, 'init', '-q', '--bare', '-b', 'main', `${name}.git`);
  for (const url of [ours, peer]) await git(dir, 'push', '-q', url, 'refs/heads/*:refs/heads/*');
  const times: Record<'ours' | 'peer', number[]> = { ours: [], peer: [] };
  const clone = async (url: string): Promise<number> => {
    const ms = await git(scratch, 'clone', '-q', '--bare', url, 'clone.git');
    await rm(path.join(scratch, 'clone.git'), { recursive: true });
    return ms;
  };
  for (let round = -warm; round < ROUNDS; round += 1) {
    const pair = [['ours', ours] as const, ['peer', peer] as const];
    // who goes first changes from round to round
    if (round % 2 !== 0) pair.reverse();
    for (const [whose, url] of pair) {
      const ms = await clone(url);
      if (round >= 0) times[whose].push(ms);
    }
  }
  const figures = (values: readonly number[]) => ({
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
  });
  const figure = { ours: quantile(times.ours, 0.5), other: quantile(times.peer, 0.5) };
  return {
    target: judge(`clone, ${name}, p50`, 'ms', { ...figure, name: 'git http-backend' }, '<= 1.1x'),
    clone: { repository: name, oursMs: figures(times.ours), peerMs: figures(times.peer) },
  };
}

await setup();
const backendRoot = path.join(scratch, 'backend');
await mkdir(backendRoot);
const backend = await serveBackend(backendRoot);
const backendUrl = `http://127.0.0.1:${String((backend.address() as AddressInfo).port)}`;
const slipway = await startSlipway({ workers: false, env: { LOG_LEVEL: 'warn' } });
try {
  const machine = machineNow();
  const made = [];
  for (const count of FILES) {
    const name = `files-${String(count)}`;
    const dir = await makeRepository(name, commitOfFiles(count));
    made.push(await compare({ slipway, backendUrl, backendRoot }, name, dir));
  }
  const name = `refs-${String(REFS)}`;
  const dir = await makeRepository(name, branches(REFS));
  made.push(await compare({ slipway, backendUrl, backendRoot }, name, dir));
  await keepFigures('git-clone', {
    what: 'clone of small repositories and of many refs against git http-backend',
    at: new Date().toISOString(),
    ...machine,
    rounds: ROUNDS,
    targets: made.map(({ target }) => target),
    clones: made.map((one) => one.clone),
  });
} finally {
  await slipway.stop();
  backend.close();
  await teardown();
  await rm(scratch, { recursive: true, force: true });
}
process.exit(0);
