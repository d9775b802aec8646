import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { newWorkspace, openStepBench, runStep, type StepBench } from '../support/steps.ts';
import { runExecutorConformance } from './executor-conformance.ts';

runExecutorConformance('process', async () => {
  const bench = await openStepBench();
  const source = join(bench.folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'greeting.txt'), 'hello\n');
  return {
    executor: bench.executor,
    newWorkspace: () => newWorkspace(bench, source),
    close: () => bench.close(),
  };
});

describe('a sandboxed step with a network', () => {
  let bench: StepBench;
  let server: Server;
  let port: number;

  beforeAll(async () => {
    bench = await openStepBench();
    server = createServer((_request, response) => response.end('host service')).listen(
      0,
      '0.0.0.0',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(async () => {
    await bench.close();
    server.close();
  });

  it('installs packages from the registry with npm ci', async () => {
    const source = join(bench.folder, 'app');
    mkdirSync(source);
    const manifest = { name: 'app', version: '1.0.0', dependencies: { 'is-number': '7.0.0' } };
    writeFileSync(join(source, 'package.json'), JSON.stringify(manifest));
    const space = await newWorkspace(bench, source);
    const end = await runStep(
      bench.executor,
      space,
      [
        'npm install --package-lock-only',
        'npm ci',
        `node -e "console.log(require('is-number')(7))"`,
      ],
      { network: 'egress', timeoutMs: 120_000 },
    );
    expect(end.output).toMatch(/\ntrue\n$/);
    expect(end).toMatchObject({ exitCode: 0, reason: 'exited' });
  }, 130_000);

  it('gets a network of its own each time, with nothing of the step before in it', async () => {
    const space = await newWorkspace(bench);
    const listen = `node -e "require('net').createServer().listen(7777, () => console.log('up'))"`;
    for (let round = 0; round < 6; round += 1) {
      const end = await runStep(bench.executor, space, [`(setsid ${listen} &) ; sleep 0.3`], {
        network: 'egress',
      });
      expect(end.output).toContain('up\n');
    }
  }, 60_000);

  it('cannot reach a service of the host on any of its addresses', async () => {
    const space = await newWorkspace(bench);
    const hosts = ['127.0.0.1', '10.0.2.2', '0.0.0.0', 'localhost', '$(cat own)'];
    const tries = hosts.map((host) => `curl -sS -m 2 http://${host}:${port}/ 2>&1 || :`);
    const end = await runStep(bench.executor, space, ['hostname -I > own || :', ...tries], {
      network: 'egress',
    });
    expect(end.output).not.toContain('host service');
    expect(end.exitCode).toBe(0);
  }, 30_000);
});
