import { readdir, readFile, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makeFolder } from '../hardening/make-folder.ts';

/**
 * What one driver owns on this machine carries `<pid>-<start time>-<random>`: a directory, networks, control groups.
 * The start time tells a dead owner from a new process that got the same pid, the last part two drivers in one process.
 */
export interface Instance {
  /** `<pid>-<start time in clock ticks>-<random>` */
  name: string;
  /** `<runtimeDir>/<name>` */
  dir: string;
}

/** Makes this process's directory; what steps' user must pass through is 0711, so nothing in it can be listed. */
export async function openInstance(runtimeDir: string): Promise<Instance> {
  const startTime = (await startTimeOf(process.pid)) ?? '0';
  const name = `${process.pid}-${startTime}-${randomBytes(3).toString('hex')}`;
  const dir = join(runtimeDir, name);
  await makeFolder(runtimeDir, 0o711);
  for (const part of ['', 'mnt', 'mnt/tree']) await makeFolder(join(dir, part), 0o711);
  await makeFolder(join(dir, 'etc'), 0o755);
  for (const part of ['fifo', 'slirp']) await makeFolder(join(dir, part), 0o700);
  return { name, dir };
}

/** Names of instances whose process is gone. */
export async function deadInstances(runtimeDir: string): Promise<string[]> {
  const names = await readdir(runtimeDir).catch(() => []);
  const dead: string[] = [];
  for (const name of names) {
    const match = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(name);
    if (match === null) continue;
    if ((await startTimeOf(Number(match[1]))) !== match[2]) dead.push(name);
  }
  return dead;
}

export async function removeInstance(runtimeDir: string, name: string): Promise<void> {
  await rm(join(runtimeDir, name), { recursive: true, force: true });
}

interface ProcessStat {
  pid: number;
  parent: number;
  state: string;
  startTime: string;
}

/** One line of /proc/<pid>/stat; the command's name may hold spaces and brackets, so fields count from the last one. */
export async function processStat(pid: number): Promise<ProcessStat | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? 'X',
    parent: Number(fields[1]),
    startTime: fields[19] ?? '0',
  };
}

async function startTimeOf(pid: number): Promise<string | null> {
  return (await processStat(pid))?.startTime ?? null;
}

/** Every living process beneath `root`, `root` left out. Reads all of /proc: for the rare cases of a signal. */
export async function descendantsOf(root: number): Promise<number[]> {
  const names = await readdir('/proc');
  const stats = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => processStat(Number(name))),
  );
  const children = new Map<number, number[]>();
  for (const stat of stats) {
    if (stat === null || stat.state === 'Z') continue;
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat.pid]);
  }
  const found: number[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    const next = children.get(pid) ?? [];
    found.push(...next);
    queue.push(...next);
  }
  return found;
}

/** True once the process is gone or only waits to be reaped: the init of a pid namespace gets there last of all. */
export async function hasEnded(pid: number): Promise<boolean> {
  const stat = await processStat(pid);
  return stat === null || stat.state === 'Z' || stat.state === 'X';
}
