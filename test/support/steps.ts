import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import {
  defaultLimits,
  type ExecutionResult,
  type ExecutionSpec,
  type Executor,
  type WorkspaceMount,
} from '../../adapters/executor/executor.ts';
import type { SandboxOptions } from '../../adapters/sandbox/options.ts';
import { stepGid, stepUid } from '../../adapters/sandbox/options.ts';
import {
  createProcessExecutor,
  type ProcessExecutor,
} from '../../adapters/sandbox/process-executor.ts';
import { detectKind } from '../../adapters/workspace/trees.ts';
import {
  createWorkspaceStore,
  type BaseTree,
  type WorkspaceStore,
} from '../../adapters/workspace/workspace-store.ts';
import { removeFolder } from './remove-folder.ts';

/** For a test that bundles the driver: goes beside the bundle, as `spawner.mjs`. */
export const spawnerHelper = fileURLToPath(
  new URL('../../adapters/spawner/helper.mjs', import.meta.url),
);

/** A process driver and a workspace store over a folder of their own. */
export interface StepBench {
  executor: ProcessExecutor;
  workspaces: WorkspaceStore;
  /** host folder that everything lies in */
  folder: string;
  /** the lines that the driver logged */
  logged: string[];
  close(): Promise<void>;
}

export async function openStepBench(options: Partial<SandboxOptions> = {}): Promise<StepBench> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-steps-'));
  const logged: string[] = [];
  const executor = createProcessExecutor({
    hostEnv: process.env,
    egress: true, // these two as the workers have them
    services: true,
    log: (_level, message) => logged.push(message),
    ...options,
  });
  const root = join(folder, 'runs');
  const workspaces = createWorkspaceStore({
    root,
    contain: (task) => executor.contain(task),
    owner: process.getuid?.() === 0 ? { uid: stepUid, gid: stepGid } : null,
    kind: await detectKind(root),
  });
  const close = async (): Promise<void> => {
    await executor.close();
    await removeFolder(folder);
  };
  return { executor, workspaces, folder, logged, close };
}

/** A first tree of a run that is unpacked from an archive. */
export function baseOfTar(tar: Readable): BaseTree {
  const held = new PassThrough();
  // Taken over at once: Node throws away what an ended child wrote and nobody reads yet.
  pipeline(tar, held).catch(() => undefined);
  return {
    script: 'exec tar -xf - --no-same-owner --no-same-permissions\n',
    feed: (stdin) => pipeline(held, stdin),
  };
}

let counter = 0;

/** A run with a checkout of the given folder (default: an empty one) and a fresh attempt of its first step. */
export async function newWorkspace(bench: StepBench, from?: string): Promise<WorkspaceMount> {
  counter += 1;
  const runId = `run_${counter}`;
  const source = from ?? mkdtempSync(join(bench.folder, 'empty-'));
  const tar = spawn('tar', ['-C', source, '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await bench.workspaces.prepareBase(runId, baseOfTar(tar.stdout));
  return bench.workspaces.beginStep(runId, 'step', 1, []);
}

export interface StepEnd extends ExecutionResult {
  output: string;
}

/** A spec with a minute's time and no network, unless told otherwise. */
export function stepSpec(
  workspace: WorkspaceMount,
  commands: readonly string[],
  more: Partial<ExecutionSpec> = {},
): ExecutionSpec {
  counter += 1;
  return {
    id: `test-${counter}`,
    workspace,
    commands,
    env: {},
    image: '',
    network: 'none',
    timeoutMs: 60_000,
    limits: defaultLimits,
    ...more,
  };
}

/** Runs commands to their end. */
export async function runStep(
  executor: Executor,
  workspace: WorkspaceMount,
  commands: readonly string[],
  more: Partial<ExecutionSpec> = {},
): Promise<StepEnd> {
  const execution = await executor.start(stepSpec(workspace, commands, more));
  let output = '';
  const decoder = new TextDecoder();
  for await (const chunk of execution.output) output += decoder.decode(chunk, { stream: true });
  const result = await execution.wait();
  await execution.cleanup();
  return { ...result, output };
}
