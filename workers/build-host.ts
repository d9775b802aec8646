import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import {
  createProcessExecutor,
  type ProcessExecutor,
} from '../adapters/sandbox/process-executor.ts';
import { stepGid, stepUid } from '../adapters/sandbox/options.ts';
import type { Spawner } from '../adapters/spawner/spawner.ts';
import { detectKind } from '../adapters/workspace/trees.ts';
import {
  createWorkspaceStore,
  type WorkspaceStore,
} from '../adapters/workspace/workspace-store.ts';
import type { ExecutionLimits } from '../adapters/executor/executor.ts';
import type { Config } from '../contracts/config.ts';
import type { Log } from '../contracts/log.ts';

const MEBIBYTE = 1024 * 1024;

/** Where steps run on this machine: sandbox and workspaces. */
export interface BuildHost {
  executor: ProcessExecutor;
  workspaces: WorkspaceStore;
  limits: ExecutionLimits;
}

/** Opens the process driver with the operator's limits, and the workspaces under `home`. */
export async function openBuildHost(
  config: Config,
  env: NodeJS.ProcessEnv,
  log: Log,
  spawner: Spawner,
): Promise<BuildHost> {
  const { passEnv, memoryMb, pids, diskMb, concurrency } = config.executor;
  const executor = createProcessExecutor({
    hostEnv: env,
    spawner,
    egress: true,
    services: true,
    warmNetworks: Math.min(concurrency, 4),
    log: (level, message) => {
      log[level]({ module: 'sandbox' }, message);
    },
    ...(passEnv.length > 0 ? { passEnv } : {}),
  });
  const root = await runsFolder(config);
  const workspaces = createWorkspaceStore({
    root,
    contain: (task) => executor.contain(task),
    owner: process.getuid?.() === 0 ? { uid: stepUid, gid: stepGid } : null,
    kind: await detectKind(root),
  });
  const limits = {
    ...{ memoryBytes: memoryMb * MEBIBYTE, pids, cpus: 2, diskBytes: diskMb * MEBIBYTE },
    leastFreeBytes: config.health.minFreeMb * MEBIBYTE,
  };
  return { executor, workspaces, limits };
}

/** Where runs lie. Versions before `storage.runsRoot` was read had them in `workspaces`: runs under way go on there. */
async function runsFolder({ home, storage }: Config): Promise<string> {
  const root = path.resolve(home, storage.runsRoot);
  await mkdir(path.dirname(root), { recursive: true, mode: 0o711 });
  // Where there is something already, or nothing of before, or it lies on another disk, there is nothing to bring along.
  await rename(path.join(home, 'workspaces'), root).catch(() => undefined);
  await mkdir(root, { recursive: true, mode: 0o711 });
  return root;
}
