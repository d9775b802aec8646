import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { serveBackend } from '../support/http-backend.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * Clone and push of a 100 MB repository through our API against `git http-backend` behind a bare node server, in turn,
 * in one run; resident memory of the API meanwhile; then 1 GB through the API. Budget (design, section 10): within 1.1x,
 * memory flat (+64 MB at most). The peer checks no objects; ours does, for every push.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const LARGE_MB = Number(process.env['BENCH_LARGE_MB'] ?? 1024);

const run = promisify(execFile);
const scratch = await mkdtemp(path.join(tmpdir(), 'slipway-bench-git-'));

function gitEnv(token: string | null): NodeJS.ProcessEnv {
  const credentials = Buffer.from(`git:${token ?? ''}`).toString('base64');
  return {
    PATH: process.env['PATH'],
    HOME: scratch,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.com',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.com',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: token === null ? 'X-Peer: 1' : `Authorization: Basic ${credentials}`,
  };
}

async function git(cwd: string, args: string[], token: string | null = null): Promise<number> {
  const began = performance.now();
  await run('git', args, { cwd, env: gitEnv(token), maxBuffer: 1 << 26 });
  return performance.now() - began;
}

/** A repository of about `megabytes`: what cannot be compressed, and a tail of small text files. */
async function makeRepository(name: string, files: number, megabytes: number): Promise<string> {
  const dir = path.join(scratch, name);
  await mkdir(path.join(dir, 'src'), { recursive: true });
  await git(dir, ['init', '-q', '-b', 'main']);
  // What cannot be compressed is not worth looking for deltas in: the client's time is not what is measured.
  await git(dir, ['config', 'core.compression', '0']);
  await git(dir, ['config', 'core.bigFileThreshold', '512k']);
  const each = Math.floor((megabytes * 1024 * 1024) / files);
  for (let n = 0; n < files; n += 1) await writeFile(path.join(dir, `${n}.bin`), randomBytes(each));
  for (let n = 0; n < 500; n += 1) {
    await writeFile(path.join(dir, 'src', `${n}.ts`), `export const n${n} = ${n};\n`.repeat(50));
  }
  await git(dir, ['add', '-A']);
  await git(dir, ['commit', '-q', '-m', 'all']);
  await git(dir, ['repack', '-adq']);
  return dir;
}

/** Samples a process's resident memory until told to stop; megabytes. */
function watchMemory(pid: number): { stop: () => { before: number; peak: number } } {
  const seen: number[] = [];
  const sample = async (): Promise<void> => {
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8').catch(() => '');
    const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
    if (kilobytes !== undefined) seen.push(Math.round(Number(kilobytes) / 1024));
  };
  void sample();
  const timer = setInterval(() => void sample(), 50);
  return {
    stop: () => {
      clearInterval(timer);
      return { before: seen[0] ?? 0, peak: Math.max(...seen) };
    },
  };
}

function median(values: readonly number[]): number {
  return Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}

async function newProject(slipway: Slipway, name: string): Promise<string> {
  const { status } = await slipway.request('POST', '/api/v1/projects', { name });
  if (status !== 201) throw new Error(`creating ${name} answered ${String(status)}`);
  return `${slipway.baseUrl}/admin/${name}.git`;
}

async function cloneAway(url: string, token: string | null): Promise<number> {
  const ms = await git(scratch, ['clone', '-q', '--bare', url, 'clone.git'], token);
  await rm(path.join(scratch, 'clone.git'), { recursive: true });
  return ms;
}

async function compare(slipway: Slipway, backend: string, backendRoot: string) {
  const source = await makeRepository('hundred', 100, 100);
  const small = await makeRepository('small', 1, 1);
  const warm = await newProject(slipway, 'warm');
  await git(small, ['push', '-q', warm, 'main'], slipway.adminToken);
  await cloneAway(warm, slipway.adminToken);
  const memory = watchMemory(slipway.pid('api'));
  const times = { ourPush: [], peerPush: [], ourClone: [], peerClone: [] } as Record<
    'ourPush' | 'peerPush' | 'ourClone' | 'peerClone',
    number[]
  >;
  for (let n = 0; n < ROUNDS; n += 1) {
    const ours = await newProject(slipway, `round-${String(n)}`);
    await git(backendRoot, ['init', '-q', '--bare', '-b', 'main', `round-${String(n)}.git`]);
    const theirs = `${backend}/round-${String(n)}.git`;
    // who goes first changes from round to round
    const pushes = [
      async () =>
        times.ourPush.push(await git(source, ['push', '-q', ours, 'main'], slipway.adminToken)),
      async () => times.peerPush.push(await git(source, ['push', '-q', theirs, 'main'])),
    ];
    const clones = [
      async () => times.ourClone.push(await cloneAway(ours, slipway.adminToken)),
      async () => times.peerClone.push(await cloneAway(theirs, null)),
    ];
    if (n % 2 === 1) for (const list of [pushes, clones]) list.reverse();
    for (const one of [...pushes, ...clones]) await one();
  }
  return { times, memory: memory.stop() };
}

async function passLarge(slipway: Slipway) {
  const source = await makeRepository('large', 10, LARGE_MB);
  const url = await newProject(slipway, 'large');
  const memory = watchMemory(slipway.pid('api'));
  const pushMs = await git(source, ['push', '-q', url, 'main'], slipway.adminToken);
  await rm(source, { recursive: true });
  const cloneMs = await cloneAway(url, slipway.adminToken);
  return {
    megabytes: LARGE_MB,
    pushMs: Math.round(pushMs),
    cloneMs: Math.round(cloneMs),
    ...memory.stop(),
  };
}

await setup();
const backendRoot = path.join(scratch, 'backend');
await mkdir(backendRoot);
const backend = await serveBackend(backendRoot);
const slipway = await startSlipway({ workers: false });
try {
  const port = (backend.address() as AddressInfo).port;
  const { times, memory } = await compare(slipway, `http://127.0.0.1:${String(port)}`, backendRoot);
  process.stdout.write(`${JSON.stringify({ ...times, ...memory })}\n`);
  const large = await passLarge(slipway);
  const medians = Object.fromEntries(
    Object.entries(times).map(([key, values]) => [`${key}Ms`, median(values)]),
  );
  const ratio = (a: number[], b: number[]) => Number((median(a) / median(b)).toFixed(2));
  const result = {
    what: 'clone and push of 100 MB against git http-backend; 1 GB through the API',
    rounds: ROUNDS,
    cpus: cpus().length,
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
    ...medians,
    pushRatio: ratio(times.ourPush, times.peerPush),
    cloneRatio: ratio(times.ourClone, times.peerClone),
    budgetRatio: 1.1,
    apiMemoryMb: memory,
    apiMemoryGrowthMb: memory.peak - memory.before,
    budgetMemoryGrowthMb: 64,
    large,
  };
  await mkdir('test/bench/results', { recursive: true });
  await writeFile('test/bench/results/git.json', `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await slipway.stop();
  backend.close();
  await teardown();
  await rm(scratch, { recursive: true, force: true });
}
