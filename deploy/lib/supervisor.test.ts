import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, innerPortObstacle, portObstacle } from './ports.mjs';
import { Supervisor } from './supervisor.mjs';

let home: string;
let supervisor: Supervisor;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-supervisor-'));
  await mkdir(path.join(home, 'logs'));
  supervisor = new Supervisor(home, { note: () => Promise.resolve() }, 50);
});
afterEach(async () => {
  await supervisor.stop();
  await rm(home, { recursive: true, force: true });
});

const starts = async (): Promise<number> => {
  const text = await readFile(path.join(home, 'starts'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
};
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 200 && !(await isSo()); tries += 1) await sleep(50);
};

describe('a process whose port somebody else has taken', () => {
  it('is not started again and again: it waits until the port is free [A-CORE-01]', async () => {
    let obstacle: string | null = null;
    await supervisor.start({
      name: 'api',
      title: 'The API',
      command: 'sh',
      args: ['-c', `echo one >> ${home}/starts; while [ ! -f ${home}/end ]; do sleep 0.05; done`],
      env: { PATH: process.env['PATH'] },
      signal: 'SIGTERM',
      obstacle: () => Promise.resolve(obstacle),
      ready: () => until(async () => (await starts()) > 0).then(() => true),
    });
    obstacle = 'Port 8080 is used by another program';
    await writeFile(path.join(home, 'end'), '');
    await sleep(1200);
    expect(await starts()).toBe(1);
    await rm(path.join(home, 'end'));
    obstacle = null;
    await until(async () => (await starts()) === 2);
    expect(await starts()).toBe(2);
  });

  it('is told which port it is, and what to do [A-CORE-01]', async () => {
    const port = await freePort();
    expect(await portObstacle('127.0.0.1', port)).toBeNull();
    expect(await innerPortObstacle(port)).toBeNull();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    expect(await portObstacle('127.0.0.1', port)).toMatch(
      new RegExp(`127\\.0\\.0\\.1.*${String(port)}|${String(port)}.*choose another one`),
    );
    expect(await innerPortObstacle(port)).toMatch(/stop the program that has it/);
    other.close();
  });
});
