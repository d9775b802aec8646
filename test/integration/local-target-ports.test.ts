import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, createServer, type Server } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appsAddress } from '../../adapters/local-target/apps-address.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { TargetScope } from '../../contracts/deploy/target.ts';
import { packApp } from '../support/deploy-app.ts';
import { ref, webDeployment, webService } from '../support/deploy-manifests.ts';
import { openLocalBench, scopeOf, type LocalBench } from '../support/local-bench.ts';

const patience = 120_000;
const ownPorts = new Map([[30_080, 'the API, server.port or PORT']]);

describe('the ports of the machine and the local target', () => {
  let bench: LocalBench;
  let image: string;
  const held: Server[] = [];

  beforeAll(async () => {
    bench = await openLocalBench({ ownPorts });
    image = bench.images.add(packApp());
  }, patience);
  afterAll(async () => {
    for (const server of held) server.close();
    await bench.close();
  }, patience);

  const service = (scope: TargetScope, nodePort?: number): Manifest => {
    const made = webService(scope);
    const port = { name: 'http', port: 80, targetPort: 'http' };
    const ports = [nodePort === undefined ? port : { ...port, nodePort }];
    return { ...made, spec: { ...(made['spec'] as object), ports } };
  };
  const portOf = async (scope: TargetScope): Promise<number> => {
    const [address] = await bench.target().addresses(scope);
    return Number(new URL(address?.url ?? '').port);
  };
  /** Somebody else's program. */
  const hold = async (port = 0): Promise<number> => {
    const server = createServer();
    held.push(server);
    await new Promise<void>((resolve) => server.listen(port, appsAddress, resolve));
    return (server.address() as { port: number }).port;
  };
  /** As an older Slipway kept it: with a port that it is not given any more. */
  const keptWith = async (scope: TargetScope, port: number, nodePort?: number): Promise<void> => {
    await bench.apply(scope, service(scope));
    const file = join(bench.root, 'objects', scope.deploymentId, 'Service.web.json');
    const object = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const old = { ...object, ports: { 80: port } };
    const asked = service(scope, nodePort)['spec'];
    for (const part of nodePort === undefined ? [] : ['live', 'applied']) {
      Object.assign(old, { [part]: { ...(object[part] as object), spec: asked } });
    }
    await bench.reopen();
    writeFileSync(file, JSON.stringify(old));
    await bench.reopen();
  };

  it('gives one deployment no more than its share of the ports there are [A-DEP-06]', async () => {
    const scope = scopeOf('many');
    const wide = (name: string, count: number): Manifest => {
      const ports = Array.from({ length: count }, (_, at) => ({
        name: `p${String(at)}`,
        port: at + 1,
      }));
      const made = service(scope);
      return {
        ...made,
        metadata: { ...made.metadata, name },
        spec: { ...(made['spec'] as object), ports },
      };
    };
    await bench.apply(scope, wide('one', 60));
    await expect(bench.apply(scope, wide('two', 41))).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('100 ports together; with this one they would have 101'),
    });
    await bench.apply(scope, wide('two', 40));
    await bench.apply(scope, wide('one', 60));
    for (const name of ['one', 'two']) await bench.target().remove(scope, ref(wide(name, 1)));
  });

  it('serves an application where no browser brings the session of the platform along, which goes to every port of its host [A-IAM-02]', async () => {
    const scope = scopeOf('address');
    await bench.apply(scope, service(scope));
    const [address] = await bench.target().addresses(scope);
    const { hostname, port } = new URL(address?.url ?? '');
    expect(hostname).toMatch(/^127\./);
    expect(['127.0.0.1', 'localhost']).not.toContain(hostname);
    // Where nothing is ready a connection is taken and broken off.
    const answers = (host: string) =>
      new Promise((resolve) => {
        const socket = connect(Number(port), host);
        socket.on('connect', () => socket.destroy());
        socket.on('error', (error: NodeJS.ErrnoException) =>
          resolve(error.code !== 'ECONNREFUSED'),
        );
        socket.on('close', () => resolve(true));
      });
    expect(await answers(hostname)).toBe(true);
    expect(await answers('127.0.0.1')).toBe(false);
    await bench.target().remove(scope, ref(service(scope)));
  });

  it('gives a Service the nodePort that it asks for', async () => {
    const scope = scopeOf('asks');
    await bench.apply(scope, service(scope, 31_999));
    expect(await portOf(scope)).toBe(31_999);
    await bench.target().remove(scope, ref(service(scope)));
  });

  it.each([
    [8080, 'A nodePort lies in 30000–32767; leave it out to be given one.'],
    [
      30_080,
      '30080 is a port of Slipway itself (the API, server.port or PORT): choose another one in 30000–32767.',
    ],
  ])('refuses the nodePort %i with where and why', async (nodePort, detail) => {
    const scope = scopeOf('refused');
    await expect(bench.target().apply(scope, service(scope, nodePort))).rejects.toMatchObject({
      code: 'validation_failed',
      message: `Service web, /spec/ports/0/nodePort: ${detail}`,
      errors: [{ pointer: '/spec/ports/0/nodePort', detail }],
    });
    expect(await bench.target().list(scope)).toEqual([]);
  });

  it('refuses a hostPort, which it would not give', async () => {
    const scope = scopeOf('host-port');
    const app = (script: string): Record<string, unknown> => ({ image, command: ['node', script] });
    const web = webDeployment(scope, app, 'v1', {
      container: { ports: [{ name: 'http', containerPort: 8080, hostPort: 8080 }] },
    });
    await expect(bench.target().apply(scope, web)).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining('leave out hostPort and write a Service'),
    });
  });

  it(
    'keeps the port of a Service of before outside of the range, also over its next version',
    async () => {
      const scope = scopeOf('older');
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, appsAddress, resolve));
      const { port } = server.address() as { port: number };
      await new Promise((resolve) => server.close(resolve));
      await keptWith(scope, port, port);
      expect(await portOf(scope)).toBe(port);
      const next = service(scope, port);
      next.metadata.labels = { version: 'v2' };
      await bench.apply(scope, next);
      expect(await portOf(scope)).toBe(port);
    },
    patience,
  );

  it(
    'moves a Service away from a port of ours, and says so',
    async () => {
      const scope = scopeOf('moved');
      await keptWith(scope, 30_080, 30_080);
      const port = await portOf(scope);
      expect(port).toBeGreaterThanOrEqual(30_000);
      expect(port).toBeLessThanOrEqual(32_767);
      expect(port).not.toBe(30_080);
      const told = `its port 80 is served at ${String(port)}: 30080 is a port of Slipway itself (the API, server.port or PORT)`;
      expect((await bench.target().health(scope, ref(service(scope)))).message).toContain(told);
      expect(bench.logged).toContain(`the Service web: ${told}`);
      // ours can be had
      expect(await hold(30_080)).toBe(30_080);
    },
    patience,
  );

  it(
    'does not fight for a port that another program has by now: the Service is served at another one',
    async () => {
      const scope = scopeOf('lost');
      const lost = await hold();
      await keptWith(scope, lost);
      const port = await portOf(scope);
      expect(port).not.toBe(lost);
      expect((await bench.target().health(scope, ref(service(scope)))).message).toContain(
        `its port 80 is served at ${String(port)}: another program or Service has ${String(lost)}`,
      );
      await bench.reopen();
      expect(await portOf(scope)).toBe(port);
    },
    patience,
  );

  it(
    'keeps the port of a Service for it over a restart, whoever else asks for that number and is brought up first [A-DEP-02]',
    async () => {
      const first = scopeOf('wanted');
      // In which order they are brought up is the file system's choice.
      const others = [1, 2, 3, 4, 5, 6, 7, 8].map((one) => scopeOf(`wants-${String(one)}`));
      await bench.apply(first, service(first));
      const wanted = await portOf(first);
      for (const scope of others) await bench.apply(scope, service(scope, wanted));
      const given = await Promise.all(others.map(portOf));
      expect(given).not.toContain(wanted);
      await bench.reopen();
      expect(await portOf(first)).toBe(wanted);
      expect(await Promise.all(others.map(portOf))).toEqual(given);
      // It can be had when the Service that had it is gone.
      await bench.target().remove(first, ref(service(first)));
      await bench.reopen();
      expect(await Promise.all(others.map(portOf))).toContain(wanted);
    },
    patience,
  );
});
