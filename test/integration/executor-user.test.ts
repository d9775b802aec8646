import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ExecutorDescription } from '../../adapters/executor/executor.ts';
import type { SeenInside } from '../support/exec-bench.ts';
import { spawnerHelper, type StepEnd } from '../support/steps.ts';
import { bundleForNode } from '../support/bundle.ts';

interface Seen {
  about: ExecutorDescription;
  plain: StepEnd;
  registry: StepEnd;
  reach: StepEnd;
  service: StepEnd;
  spin: StepEnd;
  paths: string[];
  inside: SeenInside;
}

/** Slipway on a laptop is no root: the same driver in a process of an ordinary user. */
describe('the process driver without root', () => {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-user-'));
  let server: Server;
  let seen: Seen;

  beforeAll(async () => {
    const outfile = join(folder, 'runner.mjs');
    const entry = fileURLToPath(new URL('user-runner.ts', import.meta.url));
    await bundleForNode(entry, outfile);
    copyFileSync(spawnerHelper, join(folder, 'spawner.mjs'));
    chmodSync(folder, 0o777);
    server = createServer((_request, response) => response.end('host service')).listen(0);
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? String(address.port) : '';
    const root = process.getuid?.() === 0;
    const user = root ? ['setpriv', '--reuid=61234', '--regid=61234', '--clear-groups'] : ['env'];
    const args = [...user.slice(1), process.execPath, outfile, port];
    const env = { ...process.env, HOME: folder, TMPDIR: folder };
    const { stdout } = await promisify(execFile)(user[0] ?? 'env', args, { env, cwd: folder });
    seen = JSON.parse(stdout) as Seen;
  }, 240_000);
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('runs steps as nobody inside, without a capability', () => {
    expect(seen.about.ready).toBe(true);
    expect(seen.plain).toMatchObject({ exitCode: 0, reason: 'exited' });
    expect(seen.plain.output).toMatch(/\n65534\nhi\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n$/);
    expect(seen.paths).toEqual(['file']);
  });

  it('reaches the registry', () => {
    expect(seen.registry.output).toMatch(/\n7\.0\.0\n/);
  });

  it('does not reach a service on the loopback of the host', () => {
    expect(seen.reach.exitCode).toBe(0);
    expect(seen.reach.output).not.toContain('host service');
  });

  it('answers a step at the address that its service has inside', () => {
    expect(seen.service.output).toContain('answered by us');
  });

  it('ends a step at its timeout with all it started', () => {
    expect(seen.spin.reason).toBe('timeout');
  });

  it('leads a command into an application by no program of that, and without a capability [A-DEP-07]', () => {
    expect(seen.inside).toMatchObject({ ownTools: [], problem: null });
    expect(seen.inside.status).toMatch(/^CapEff:\s+0+$/m);
    expect(seen.inside.namespaces).toBe(seen.inside.namespacesOfApp);
  });

  it('says that steps are the user that Slipway runs as', () => {
    expect(seen.about.notEnforced.join('\n')).toContain('the user that Slipway runs as');
  });
});
