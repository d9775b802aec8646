import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { listeningProblem } from './listening.ts';

const opened: Server[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(host: string): Promise<number> {
  const server = createServer();
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('whether something listens in a network', () => {
  it('finds a port that is open to the outside among more than one read tells', async () => {
    for (let at = 0; at < 60; at += 1) await listen('127.0.0.1');
    const ports = [await listen('0.0.0.0'), await listen('::')];
    for (const port of ports) expect(await listeningProblem(process.pid, port)).toBeNull();
  });

  it('tells a port of the loopback address from one that nobody listens on', async () => {
    const port = await listen('127.0.0.1');
    expect(await listeningProblem(process.pid, port)).toContain('loopback address only');
    await new Promise((resolve) => opened.splice(0)[0]?.close(resolve));
    expect(await listeningProblem(process.pid, port)).toBe(
      `nothing listens on port ${String(port)}`,
    );
  });

  it('finds nothing for a process that is gone', async () => {
    expect(await listeningProblem(4_194_999, 80)).toContain('nothing listens');
  });
});
