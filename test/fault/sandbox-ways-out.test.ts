import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { WorkspaceMount } from '../../adapters/executor/executor.ts';
import { openAttackLedger } from '../support/attack-ledger.ts';
import { readRunState } from '../support/run-folder.ts';
import { newWorkspace, openStepBench, runStep, type StepBench } from '../support/steps.ts';

const canary = 'ways-out-canary';
const ports = openAttackLedger('step-to-ports', 'ways to the host times its ports');
const files = openAttackLedger('step-to-files', 'files of the host by every path');

let bench: StepBench;
const servers: Server[] = [];
const open: Record<string, number> = {};

/** A server of the host that says the canary to whoever connects. */
async function listen(name: string, host: string): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(canary);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  servers.push(server);
  open[name] = (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  bench = await openStepBench();
  await listen('loopback only', '127.0.0.1');
  await listen('all addresses', '0.0.0.0');
  await listen('all addresses, both families', '::');
  const state = readRunState();
  open['the database'] = Number(new URL(state.databaseUrl).port);
  open['Temporal'] = Number(state.temporalAddress.split(':')[1]);
}, 240_000);
afterAll(async () => {
  ports.close();
  files.close();
  for (const server of servers) server.close();
  await bench.close();
});

/** Every name that could mean this machine. */
function waysToTheHost(): string[] {
  const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const addresses = own.filter(({ internal }) => !internal).map(({ address }) => address);
  const fixed = ['127.0.0.1', '127.1.2.3', 'localhost', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'];
  const gateways = ['10.0.2.2', '10.0.2.3', '10.0.2.1', '10.0.2.100', 'fd00::2', 'fe80::2'];
  const metadata = ['169.254.169.254', '169.254.1.1'];
  return [...new Set([...fixed, ...gateways, ...metadata, hostname(), ...addresses])];
}

/** Prints a line for each connection that came about; most are refused at once, the rest end after a second. */
const connectScript = `
const net = require('node:net');
const wanted = JSON.parse(process.env.WANTED);
let left = wanted.length;
const done = () => { left -= 1; if (left === 0) { console.log('tried ' + wanted.length); process.exit(0); } };
for (const [host, port] of wanted) {
  const socket = net.connect({ host, port, timeout: 1500 });
  let over = false;
  const end = (reached) => { if (over) return; over = true; socket.destroy(); if (reached) console.log('REACHED ' + host + ' ' + port); done(); };
  socket.on('connect', () => end(true)).on('error', () => end(false)).on('timeout', () => end(false));
}`;

const readScript = `
const fs = require('node:fs');
const wanted = JSON.parse(process.env.WANTED);
for (const file of wanted) {
  try { if (fs.readFileSync(file, 'utf8').includes('${canary}')) console.log('REACHED ' + file); } catch {}
  try { fs.appendFileSync(file, 'x'); console.log('WROTE ' + file); } catch {}
}
console.log('tried ' + wanted.length);`;

async function inStep(
  space: WorkspaceMount,
  script: string,
  wanted: unknown[],
  network: 'egress' | 'none',
): Promise<string> {
  const env = { WANTED: JSON.stringify(wanted), SCRIPT: script };
  const end = await runStep(bench.executor, space, ['node -e "$SCRIPT"'], {
    env,
    network,
    timeoutMs: 120_000,
  });
  // each attempt was made: a script that did not run would hold for ever
  expect(end.output).toContain(`tried ${String(wanted.length)}\n`);
  return end.output;
}

describe('from a step', () => {
  it.each(['egress', 'none'] as const)(
    'no port of the host can be reached by any name of it, with network: %s [A-PIPE-04]',
    async (network) => {
      const all = waysToTheHost().flatMap((host) =>
        Object.values(open).map((port) => [host, port] as const),
      );
      const output = await inStep(await newWorkspace(bench), connectScript, [...all], network);
      const reached = new Set(output.match(/^REACHED.*$/gm) ?? []);
      for (const [host, port] of all) ports.note(!reached.has(`REACHED ${host} ${String(port)}`));
      expect([...reached]).toEqual([]);
      expect(all.length).toBeGreaterThanOrEqual(75);
    },
    240_000,
  );

  it('no file of the host can be read or written, by its path, through /proc or through a link [A-PIPE-04]', async () => {
    const home = join(bench.folder, 'home');
    const names = ['master-key', 'admin-token', 'host-id', 'logs/api.log', 'run/api.sock'];
    names.push('repositories/a/b.git/config', 'objects/ab/abc', 'postgres/PG_VERSION');
    names.push('temporal/temporal.db', 'hooks/pre-receive');
    const made = names.map((name) => {
      const file = join(home, name);
      mkdirSync(join(file, '..'), { recursive: true, mode: 0o777 });
      writeFileSync(file, canary, { mode: 0o666 });
      return file;
    });
    const source = join(bench.folder, 'links');
    mkdirSync(source);
    const links = made.slice(0, 4).map((file, at) => {
      symlinkSync(file, join(source, `link-${String(at)}`));
      return `/workspace/link-${String(at)}`;
    });
    const throughProc = made
      .slice(0, 4)
      .flatMap((file) => [
        `/proc/1/root${file}`,
        `/proc/self/root${file}`,
        `/proc/self/cwd/../../../../../../..${file}`,
        `/workspace/../../../../../..${file}`,
      ]);
    const wanted = [...made, ...links, ...throughProc];
    const output = await inStep(await newWorkspace(bench, source), readScript, wanted, 'egress');
    const reached = output.match(/^(?:REACHED|WROTE) .*$/gm) ?? [];
    for (const file of wanted) files.note(!reached.some((line) => line.endsWith(` ${file}`)));
    expect(reached).toEqual([]);
    expect(wanted.length).toBeGreaterThanOrEqual(26);
  }, 240_000);

  it('would be seen to get through: the same script outside of the sandbox reaches what is there', async () => {
    const { execFileSync } = await import('node:child_process');
    const port = open['loopback only'] ?? 0;
    const env = { ...process.env, WANTED: JSON.stringify([['127.0.0.1', port]]) };
    const output = execFileSync('node', ['-e', connectScript], { env, encoding: 'utf8' });
    expect(output).toContain(`REACHED 127.0.0.1 ${String(port)}`);
  });
});
