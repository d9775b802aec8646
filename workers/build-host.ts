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
    warmNetworks: Math.min(concurrency, 4),
    log: (level, message) => {
      log[level]({ module: 'sandbox' }, message);
    },
    ...(passEnv.length > 0 ? { passEnv } : {}),
  });
  const root = path.resolve(config.home, 'workspaces');
  const workspaces = createWorkspaceStore({
    root,
    contain: (task) => executor.contain(task),
    owner: process.getuid?.() === 0 ? { uid: stepUid, gid: stepGid } : null,
    kind: await detectKind(root),
  });
  const limits = { memoryBytes: memoryMb * MEBIBYTE, pids, cpus: 2, diskBytes: diskMb * MEBIBYTE };
  return { executor, workspaces, limits };
}
