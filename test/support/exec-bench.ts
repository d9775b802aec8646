import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../adapters/local-target/app-process.ts';
import { execInside } from '../../adapters/local-target/exec-inside.ts';
import { openSandboxHost } from '../../adapters/sandbox/host.ts';
import { holds } from './eventually.ts';

const env = { PATH: '/usr/bin:/bin' };
const limits = { memoryBytes: 256 * 1024 ** 2, pids: 64, cpus: 1, diskBytes: 64 * 1024 ** 2 };
const tools = ['setpriv', 'nsenter'] as const;

/** What a command saw that was run inside of an application. */
export interface SeenInside {
  /** what was wrong with it, null for nothing */
  problem: string | null;
  /** those of the application's own programs, put where our tools lie, that were run on the way */
  ownTools: string[];
  /** its `/proc/self/status` */
  status: string;
  /** the namespaces that it was in, and those of the application */
  namespaces: string;
  namespacesOfApp: string;
}

/** Runs a command inside of an application that has programs of its own in the place of the tools that lead inside. */
export async function runInside(): Promise<SeenInside> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-exec-'));
  const seen = join(root, 'seen');
  chmodSync(root, 0o755);
  for (const dir of ['u', 'u/workspace', 'u/home', 'w', 'seen']) mkdirSync(join(root, dir));
  chmodSync(seen, 0o777);
  const host = await openSandboxHost({ hostEnv: process.env, registrySettings: 'none' });
  if (typeof host === 'string' || host.network === null) throw new Error(JSON.stringify(host));
  const network = await host.network.acquire();
  const mounts = [{ source: seen, target: '/seen', readOnly: false }];
  for (const name of tools) {
    const own = join(root, name);
    writeFileSync(own, `#!/bin/sh\n/usr/bin/id -u > /seen/${name}\nexit 1\n`, { mode: 0o755 });
    mounts.push({ source: own, target: host.context.tools[name], readOnly: true });
  }
  const workspace = { id: 'exec', kind: 'directory', root, layers: [], upper: 'u' } as const;
  const app = await startApp(host, {
    ...{ id: 'exec', network, mounts, limits, env, disks: [], onOutput: () => undefined },
    workspace: { ...workspace, work: 'w' },
    script: 'touch /seen/ready; exec sleep 1000\n',
  });
  try {
    await holds(() => readFileSync(join(seen, 'ready')) && undefined);
    const kinds = 'user mnt pid ipc uts net';
    const spaces = (pid: string, file: string): string =>
      `for kind in ${kinds}; do readlink /proc/${pid}/ns/$kind; done > /seen/${file}`;
    const script = `${spaces('self', 'mine')}; ${spaces('1', 'its')}; cat /proc/self/status > /seen/status`;
    const options = { workingDir: '/tmp', env, timeoutMs: 20_000 };
    const command = ['sh', '-c', script];
    const problem = await execInside(host, app, network, { ...options, command });
    const told = (file: string): string =>
      existsSync(join(seen, file)) ? readFileSync(join(seen, file), 'utf8') : '';
    return {
      problem,
      ownTools: tools.filter((name) => existsSync(join(seen, name))),
      status: told('status'),
      namespaces: told('mine'),
      namespacesOfApp: told('its'),
    };
  } finally {
    await app.stop(0);
    await host.network.release(network, false);
    await host.close();
    rmSync(root, { recursive: true, force: true });
  }
}
