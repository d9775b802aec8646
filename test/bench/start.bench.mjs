/**
 * How long `npm start` takes to ready: from a fresh clone (npm's cache and the Temporal program are kept, everything
 * else is new), with a new home in a built tree, and again over the same home; and how long Ctrl-C takes.
 * Writes results/start.json. SLIPWAY_BENCH_QUICK=1 leaves out the clone.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
const warmRounds = 5;
const budgetSeconds = 10;

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Seconds with two decimals. */
function seconds(sinceMs) {
  return Math.round((performance.now() - sinceMs) / 10) / 100;
}

/** Starts, waits for "Ready" and for /readyz, and stops again. */
async function measure(tree, home) {
  const port = await freePort();
  const beganMs = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: tree,
    env: { ...process.env, SLIPWAY_HOME: home, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let printed = '';
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('Ready after')) resolve();
    });
    child.once('exit', () => reject(new Error(printed)));
  });
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  if (!answer.ok) throw new Error(`ready, but /readyz says ${answer.status}`);
  const ready = seconds(beganMs);
  const stopMs = performance.now();
  // the terminal sends Ctrl-C to the whole group
  process.kill(-child.pid, 'SIGINT');
  await ended;
  return { ready, stop: seconds(stopMs) };
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-bench-'));
chmodSync(folder, 0o755);
try {
  const load = os.loadavg()[0];
  let clone = null;
  if (!process.env['SLIPWAY_BENCH_QUICK']) {
    const tree = path.join(folder, 'clone');
    execFileSync('git', ['clone', '-q', root, tree]);
    clone = await measure(tree, path.join(folder, 'clone-home'));
    console.log(`fresh clone: ready after ${clone.ready} s`);
    rmSync(tree, { recursive: true, force: true });
  }
  const home = path.join(folder, 'home');
  const first = await measure(root, home);
  console.log(`new home: ready after ${first.ready} s`);
  const rounds = [];
  for (let round = 0; round < warmRounds; round += 1) rounds.push(await measure(root, home));
  const sorted = rounds.map(({ ready }) => ready).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `again: ready after ${median} s (median of ${warmRounds}, budget ${budgetSeconds} s)`,
  );
  const result = {
    what: '`npm start` to ready, seconds',
    at: new Date().toISOString(),
    node: process.version,
    cores: os.cpus().length,
    loadBefore: Math.round(load * 100) / 100,
    freshClone: clone?.ready ?? null,
    newHome: first.ready,
    second: { median, all: sorted, budget: budgetSeconds },
    stop: { worst: Math.max(...rounds.map(({ stop }) => stop)), budget: 15 },
  };
  const file = path.join(root, 'test/bench/results/start.json');
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
