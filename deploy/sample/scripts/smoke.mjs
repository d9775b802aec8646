// Starts the built service as a user would, talks to it over HTTP, restarts it and looks whether it remembers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = await mkdtemp(join(tmpdir(), 'shortlink-'));
const env = { ...process.env, PORT: '0', DATA_FILE: join(folder, 'links.jsonl') };

async function start() {
  const child = spawn(process.execPath, ['dist/server.mjs'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    console.log(`  | ${line}`);
    const port = /port (\d+)/.exec(line)?.[1];
    if (port) return { child, base: `http://127.0.0.1:${port}` };
  }
  throw new Error('the service ended before it listened');
}

async function stop(child) {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await ended;
  expect('exit code after SIGTERM', code, 0);
}

function expect(what, got, wanted) {
  if (got !== wanted) throw new Error(`${what}: expected ${wanted}, got ${got}`);
  console.log(`ok   ${what}: ${got}`);
}

let running = await start();
try {
  expect('GET /healthz', (await fetch(`${running.base}/healthz`)).status, 200);
  const made = await fetch(`${running.base}/links`, {
    method: 'POST',
    body: JSON.stringify({ url: 'https://example.com/docs', alias: 'docs' }),
  });
  expect('POST /links', made.status, 201);
  await stop(running.child);
  running = await start();
  const followed = await fetch(`${running.base}/docs`, { redirect: 'manual' });
  expect('GET /docs after a restart', followed.headers.get('location'), 'https://example.com/docs');
  await stop(running.child);
} finally {
  running.child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
console.log('smoke test passed');
