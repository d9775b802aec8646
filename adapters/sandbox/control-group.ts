import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { ExecutionLimits } from '../executor/executor.ts';

/** The control group of one step. */
export interface StepGroup {
  /** The files that a pid is written to, to put that process, and what it starts from then on, under the limits. */
  procs: readonly string[];
  /** How often a process was killed for memory, how often a fork was refused. */
  counters(): Promise<{ oom: number; pids: number }>;
  /** Kills what is in it and removes it. */
  remove(): Promise<void>;
}

/** Makes control groups beneath `slipway/<instance>`; `null` from `openLimiter` where none can be written. */
export interface Limiter {
  version: 1 | 2;
  open(id: string, limits: ExecutionLimits): Promise<StepGroup>;
  close(): Promise<void>;
}

interface Hierarchy {
  version: 1 | 2;
  /** directory of each controller; the same one for version 2 */
  memory: string;
  pids: string;
  cpu: string;
}

/** Finds writable control groups, ends what dead instances left in theirs, and makes this instance's parent group. */
export async function openLimiter(
  instance: string,
  dead: readonly string[],
): Promise<Limiter | null> {
  const hierarchy = await findHierarchy();
  if (hierarchy === null) return null;
  const roots = [...new Set([hierarchy.memory, hierarchy.pids, hierarchy.cpu])].map((dir) =>
    join(dir, 'slipway'),
  );
  try {
    if (hierarchy.version === 2) await delegate(hierarchy.memory);
    for (const root of roots) {
      for (const name of dead) await removeTree(join(root, name));
      await mkdir(join(root, instance), { recursive: true });
    }
    // All steps together weigh as much as one busy process per core: as a single group with the default weight they would
    // starve on a machine whose other processes are in no group, and without a weight they could starve the platform.
    const weight = cpus().length;
    for (const dir of [join(hierarchy.cpu, 'slipway'), join(hierarchy.cpu, 'slipway', instance)]) {
      if (hierarchy.version === 1) {
        await writeFile(join(dir, 'cpu.shares'), String(1024 * weight));
      }
    }
    if (hierarchy.version === 2) {
      for (const root of roots) {
        await delegate(root);
        await delegate(join(root, instance));
        const heavier = String(Math.min(10_000, 100 * weight));
        for (const dir of [root, join(root, instance)]) {
          await writeFile(join(dir, 'cpu.weight'), heavier);
        }
      }
    }
  } catch {
    return null;
  }
  let counter = 0;
  return {
    version: hierarchy.version,
    open: (id, limits) => {
      counter += 1;
      const name = `${id.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${String(counter)}`;
      return openGroup(hierarchy, join('slipway', instance, name), limits);
    },
    close: async () => {
      for (const root of roots) await removeTree(join(root, instance));
    },
  };
}

async function findHierarchy(): Promise<Hierarchy | null> {
  const lines = (await readFile('/proc/self/mounts', 'utf8').catch(() => '')).split('\n');
  const own = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
  const found = new Map<string, string>();
  let unified: string | null = null;
  for (const line of lines) {
    const [, target = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2') unified = target;
    if (type !== 'cgroup') continue;
    for (const name of options.split(',')) {
      if (name !== 'memory' && name !== 'pids' && name !== 'cpu') continue;
      found.set(name, await ownDirectory(target, own, name));
    }
  }
  const [memory, pids, cpu] = [found.get('memory'), found.get('pids'), found.get('cpu')];
  if (memory !== undefined && pids !== undefined && cpu !== undefined) {
    return { version: 1, memory, pids, cpu };
  }
  if (unified === null) return null;
  const has = (await readFile(join(unified, 'cgroup.controllers'), 'utf8').catch(() => '')).split(
    /\s+/,
  );
  if (!['memory', 'pids', 'cpu'].every((name) => has.includes(name))) return null;
  return { version: 2, memory: unified, pids: unified, cpu: unified };
}

/** Beneath our own group where it is visible, so that a limit on Slipway as a whole also holds for its steps. */
async function ownDirectory(target: string, own: string, controller: string): Promise<string> {
  for (const line of own.split('\n')) {
    const [, names = '', path = '/'] = line.split(':');
    if (!names.split(',').includes(controller)) continue;
    const dir = join(target, path);
    const there = await access(dir).then(
      () => true,
      () => false,
    );
    return there ? dir : target;
  }
  return target;
}

async function delegate(dir: string): Promise<void> {
  await writeFile(join(dir, 'cgroup.subtree_control'), '+memory +pids +cpu');
}

async function openGroup(
  hierarchy: Hierarchy,
  path: string,
  limits: ExecutionLimits,
): Promise<StepGroup> {
  const dirs = {
    memory: join(hierarchy.memory, path),
    pids: join(hierarchy.pids, path),
    cpu: join(hierarchy.cpu, path),
  };
  const all = [...new Set(Object.values(dirs))];
  for (const dir of all) await mkdir(dir, { recursive: true });
  await (hierarchy.version === 1
    ? limitVersion1(dirs, limits)
    : limitVersion2(dirs.memory, limits));
  return {
    procs: all.map((dir) => join(dir, 'cgroup.procs')),
    counters: async () => ({
      oom: await readCounter(
        join(dirs.memory, hierarchy.version === 1 ? 'memory.oom_control' : 'memory.events'),
        'oom_kill',
      ),
      pids: await readCounter(join(dirs.pids, 'pids.events'), 'max'),
    }),
    remove: async () => {
      for (const dir of all) await removeTree(dir);
    },
  };
}

async function limitVersion1(
  dirs: { memory: string; pids: string; cpu: string },
  limits: ExecutionLimits,
): Promise<void> {
  const memory = String(limits.memoryBytes);
  await writeFile(join(dirs.memory, 'memory.limit_in_bytes'), memory);
  // Only there when the kernel accounts swap; without it swap stays bounded by the machine's.
  await writeFile(join(dirs.memory, 'memory.memsw.limit_in_bytes'), memory).catch(() => undefined);
  await writeFile(join(dirs.pids, 'pids.max'), String(limits.pids));
  await writeFile(join(dirs.cpu, 'cpu.cfs_period_us'), '100000');
  await writeFile(join(dirs.cpu, 'cpu.cfs_quota_us'), String(Math.round(limits.cpus * 100_000)));
}

async function limitVersion2(dir: string, limits: ExecutionLimits): Promise<void> {
  await writeFile(join(dir, 'memory.max'), String(limits.memoryBytes));
  await writeFile(join(dir, 'memory.swap.max'), '0').catch(() => undefined);
  await writeFile(join(dir, 'pids.max'), String(limits.pids));
  await writeFile(join(dir, 'cpu.max'), `${Math.round(limits.cpus * 100_000)} 100000`);
}

async function readCounter(file: string, key: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${key} `));
  return line === undefined ? 0 : Number(line.slice(key.length + 1));
}

async function removeTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(dir, entry.name));
  if (entries.length === 0) return;
  // A group can be removed once its last process is reaped, which takes the kernel a moment after the kill.
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const procs = await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '');
    for (const pid of procs.split('\n').filter((line) => line !== '')) kill(Number(pid));
    try {
      await rmdir(dir);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(2 ** attempt, 100)));
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself between the reading and the kill.
  }
}
