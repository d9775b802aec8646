import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { networkInterfaces } from 'node:os';
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
  }, 240_000);

  it('gets a network of its own each time, with nothing of the step before in it', async () => {
    const space = await newWorkspace(bench);
    const program = [
      "const done = (word) => require('fs').writeFileSync('said', word);",
      "require('net').createServer().on('error', (e) => done(e.code)).listen(7777, () => done('up'));",
    ];
    for (let round = 0; round < 6; round += 1) {
      const commands = [
        'rm -f said',
        `(setsid node -e "${program.join(' ')}" > /dev/null 2>&1 &)`,
        'while [ ! -s said ]; do sleep 0.02; done; cat said',
      ];
      const end = await runStep(bench.executor, space, commands, { network: 'egress' });
      expect(end.output).toMatch(/\nup$/);
    }
  }, 240_000);

  it('cannot reach a service of the host on any of its addresses, unless the operator allows it', async () => {
    const own = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find((address) => address.family === 'IPv4' && !address.internal);
    const hosts = ['127.0.0.1', '10.0.2.2', '0.0.0.0', 'localhost', own?.address ?? '127.0.0.1'];
    const tries = hosts.map((host) => `curl -sS -m 20 http://${host}:${String(port)}/ 2>&1 || :`);
    const end = await runStep(bench.executor, await newWorkspace(bench), tries, {
      network: 'egress',
    });
    expect(end.output).not.toContain('host service');
    expect(end.exitCode).toBe(0);

    const allowPrivate = own === undefined ? [] : [`${own.address}/32`];
    const open = await openStepBench({ allowPrivate });
    const allowed = await runStep(open.executor, await newWorkspace(open), tries, {
      network: 'egress',
    });
    await open.close();
    expect(allowed.output.match(/host service/g) ?? []).toHaveLength(allowPrivate.length);
  }, 240_000);

  it('refuses private, link-local and metadata addresses at once, by rule and not by chance', async () => {
    const probe = (host: string): string =>
      `node -e "require('net').connect(80, '${host}').on('error', (e) => console.log(e.code)).on('connect', () => console.log('open'))"`;
    // The wall's reset; that it was the wall is in the record (egress.test.ts).
    const hosts = ['10.9.8.7', '172.20.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1'];
    const space = await newWorkspace(bench);
    const end = await runStep(bench.executor, space, hosts.map(probe), { network: 'egress' });
    expect(end.output.split('\n').filter((line) => !line.startsWith('$') && line !== '')).toEqual(
      hosts.map(() => 'ECONNREFUSED'),
    );
  }, 240_000);

  it('runs without a network where slirp4netns is missing, and says so in the log and to the step', async () => {
    const alone = await openStepBench({ slirpPath: '/nowhere/slirp4netns' });
    const space = await newWorkspace(alone);
    const end = await runStep(alone.executor, space, ['cat /proc/net/route | wc -l'], {
      network: 'egress',
    });
    await alone.close();
    expect(end.output).toMatch(
      /^\[slipway\] no network: \/nowhere\/slirp4netns is not installed\n/,
    );
    expect(end.output).toMatch(/\n[01]\n$/);
    expect(alone.logged.join('\n')).toContain('steps run without a network');
  });
});
