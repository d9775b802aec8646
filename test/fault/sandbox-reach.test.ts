import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { WorkspaceMount } from '../../adapters/executor/executor.ts';
import { untilThere } from '../support/marked-processes.ts';
import { readRunState } from '../support/run-folder.ts';
import {
  newWorkspace,
  openStepBench,
  runStep,
  stepSpec,
  type StepBench,
} from '../support/steps.ts';

const secret = 'e1-host-only-secret';

/** Shell conditions that hold when a step got at something it must not; `$n` below names the probe. */
function probes(at: {
  hostFile: string;
  otherWorkspace: string;
  socket: string;
  hostPid: number;
  database: string;
  temporal: string;
}): Record<string, string> {
  const connect = (address: string): string => {
    const [host = '', port = ''] = address.split(':');
    return `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${port}'`;
  };
  const viaGateway = (address: string): string =>
    connect(`10.0.2.2:${address.split(':')[1] ?? ''}`);
  const socket = (path: string): string =>
    `timeout 3 node -e "require('net').connect(${path}).on('connect', () => process.exit(0)).on('error', () => process.exit(1))"`;
  return {
    'a host file that everybody may read': `grep -q ${secret} ${at.hostFile}`,
    'the list of host users': 'grep -q "^daemon:" /etc/passwd || cat /etc/shadow',
    'the home of root': 'ls /root/.ssh || ls /root/.npmrc || ls /root/.cache',
    'the tree of another run': `cat ${at.otherWorkspace}/base/workspace/other.txt`,
    'the environment of process 1': `tr "\\0" "\\n" < /proc/1/environ | grep -v ^PWD= | grep -q .`,
    'the environment of Slipway': `grep -aq ${secret} /proc/*/environ`,
    'the processes of the host': `kill -0 ${at.hostPid} || [ -d /proc/${at.hostPid}/root ] && [ ${at.hostPid} -gt 100 ]`,
    'the database by its address': connect(at.database),
    'the database through the gateway': viaGateway(at.database),
    'Temporal by its address': connect(at.temporal),
    'Temporal through the gateway': viaGateway(at.temporal),
    'a unix socket of the host': socket(`'${at.socket}'`),
    'an abstract unix socket of the host': socket(`'\\0slipway-e1'`),
    'the container runtime':
      'ls /var/run/docker.sock || ls /run/podman/podman.sock || ls /run/containerd',
    'the cloud metadata address': connect('169.254.169.254:80'),
    'a private address': `${connect('10.1.2.3:80')} || ${connect('192.168.1.1:80')}`,
    'a Kubernetes token': 'ls /var/run/secrets/kubernetes.io || ls /run/secrets',
    'a device of the host':
      'ls /dev/vda || ls /dev/sda || ls /dev/mem || mknod d b 8 0 || cat /dev/kmsg',
    'the kernel settings':
      'echo x > /proc/sys/kernel/core_pattern || echo h > /proc/sysrq-trigger || ls /sys/kernel',
    'more rights':
      'unshare -U true || mount -t tmpfs x /tmp || su -c true || touch /usr/x || [ "$(id -u)" = 0 ]',
  };
}

describe('what a step can reach (E1)', () => {
  let bench: StepBench;
  let space: WorkspaceMount;
  let socketServer: Server;
  let all: Record<string, string>;

  beforeAll(async () => {
    process.env['SLIPWAY_E1'] = secret;
    bench = await openStepBench();
    space = await newWorkspace(bench);
    const source = join(bench.folder, 'other');
    execFileSync('mkdir', [source]);
    writeFileSync(join(source, 'other.txt'), secret);
    const other = await newWorkspace(bench, source);
    const hostFile = join(bench.folder, 'host-file');
    writeFileSync(hostFile, secret, { mode: 0o644 });
    execFileSync('chmod', ['755', bench.folder]);
    const socket = join(bench.folder, 'host.sock');
    socketServer = createServer().listen(socket);
    const state = readRunState();
    const database = new URL(state.databaseUrl);
    all = probes({
      hostFile,
      otherWorkspace: other.root,
      socket,
      hostPid: process.pid,
      database: `127.0.0.1:${database.port}`,
      temporal: state.temporalAddress.replace(/^[^:]*/, '127.0.0.1'),
    });
  }, 240_000);
  afterAll(async () => {
    delete process.env['SLIPWAY_E1'];
    socketServer.close();
    await bench.close();
  });

  it('lets 0 of 20 probes through', async () => {
    expect(Object.keys(all)).toHaveLength(20);
    const commands = Object.entries(all).map(
      ([name, probe]) => `( ${probe} ) > /dev/null 2>&1 && echo "REACHED ${name}" || echo held`,
    );
    const more = { network: 'egress', timeoutMs: 120_000 } as const;
    const end = await runStep(bench.executor, space, commands, more);
    // The echo of a command holds the words too, but not at the beginning of a line.
    expect(end.output.match(/^REACHED.*/gm) ?? []).toEqual([]);
    expect(end.output.match(/^held$/gm)).toHaveLength(20);
  }, 240_000);

  it('finds with the same probes what is there to be reached outside the sandbox', () => {
    const names = ['a host file that everybody may read', 'the database by its address'];
    names.push('Temporal by its address', 'a unix socket of the host', 'the tree of another run');
    for (const name of names) {
      expect(() =>
        execFileSync('bash', ['-c', all[name] ?? 'false'], { stdio: 'ignore' }),
      ).not.toThrow();
    }
  });

  it('runs as nobody without a capability and cannot gain one', async () => {
    const end = await runStep(bench.executor, space, [
      'id -u; id -G; grep -E "^(CapEff|CapPrm|CapBnd|NoNewPrivs)" /proc/self/status',
    ]);
    expect(end.output).toContain('\n65534\n65534\n');
    expect(end.output.match(/^Cap\w+:\t0000000000000000$/gm)).toHaveLength(3);
    expect(end.output).toContain('NoNewPrivs:\t1\n');
  });

  it('is nobody on the host too', async () => {
    const marker = `98763.${String(process.pid).padStart(6, '0')}`;
    const execution = await bench.executor.start(stepSpec(space, [`sleep ${marker}`]));
    const pids = (await untilThere(`sleep ${marker}`)).map((line) => line.split(' ')[0] ?? '');
    const users = pids.map(
      (pid) => /^Uid:.*$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[0],
    );
    await execution.cleanup();
    expect(users).toContain('Uid:\t65534\t65534\t65534\t65534');
    expect(new Set(users).size).toBe(1);
  });

  it('gives a step the variables of the allow-list and its own, and no others', async () => {
    const env = { STEP_OWN: 'yes', LD_PRELOAD: '/workspace/nowhere.so' };
    const end = await runStep(bench.executor, space, ['env -0 | tr "\\0\\n" "\\n "'], { env });
    const names = [...end.output.matchAll(/^([A-Za-z_][A-Za-z0-9_]*)=/gm)].map((match) => match[1]);
    const fixed = [
      'CI',
      'HOME',
      'LANG',
      'NPM_CONFIG_GLOBALCONFIG',
      'PATH',
      'PWD',
      'TMPDIR',
      'USER',
    ];
    const settings = /REGISTRY|PROXY|proxy|_CERT|_CA_|CAINFO|^SSL_|^GO(PROXY|SUMDB)$|INDEX_URL/;
    const rest = names.filter((name = '') => !settings.test(name) && !fixed.includes(name));
    expect(rest.sort()).toEqual(['LD_PRELOAD', 'STEP_OWN']);
    expect(end.output).not.toContain(secret);
  });

  it('writes files that belong to nobody on the host', async () => {
    await runStep(bench.executor, space, ['echo x > mine']);
    const file = join(space.root, space.upper, 'workspace', 'mine');
    const owner = execFileSync('stat', ['-c', '%u:%g', file], { encoding: 'utf8' });
    expect(owner.trim()).toBe('65534:65534');
  });
});
