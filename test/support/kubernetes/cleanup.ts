import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'slipway-cluster-';

/** An empty folder for a cluster, named after this process; what killed runs left behind is removed before. */
export function makeClusterFolder(): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (Number.isInteger(owner) && !isAlive(owner)) removeCluster(join(tmpdir(), name));
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
}

/** Notes the bridge of a cluster, which is known by nothing else. */
export function noteBridge(folder: string, bridge: string): void {
  writeFileSync(join(folder, 'bridge'), bridge);
}

/** Ends every process, container and mount of the cluster of a folder, then the folder itself. */
export function removeCluster(folder: string): void {
  // What runs in a container holds the folder in its mounts; what runs the cluster names it in its command line.
  for (const pid of processesOf(folder)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it ended by itself
    }
  }
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
    .reverse();
  for (const path of mounts) execFileSync('umount', ['-l', path], { stdio: 'ignore' });
  try {
    const bridge = readFileSync(join(folder, 'bridge'), 'utf8');
    execFileSync('ip', ['link', 'delete', bridge], { stdio: 'ignore' });
  } catch {
    // no pod ever needed it
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

function processesOf(folder: string): number[] {
  const ours = readlinkSync('/proc/self/ns/mnt');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        const isPart = /(?:^|\/)(?:etcd|kube[a-z-]*|kwok|containerd[a-z0-9-]*)$/.test(program);
        if (isPart) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`);
        if (readlinkSync(`/proc/${pid}/ns/mnt`) === ours) return false;
        return / \/ .* overlay /.test(containerRoot(pid, folder));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The line of a process's mounts that says that its root lies in `folder`, or nothing. */
function containerRoot(pid: string, folder: string): string {
  const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
  return lines.find((line) => line.split(' ')[4] === '/' && line.includes(`${folder}/`)) ?? '';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
