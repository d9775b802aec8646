import type { ExecutionLimits, WorkspaceMount } from '../executor/executor.ts';
import { endsWithin, killAll, signalAll, waitForInit } from '../sandbox/execution.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import { launchSandbox, type Sandbox } from '../sandbox/launch.ts';
import type { LaunchMount } from '../sandbox/launch-plan.ts';
import type { Network } from '../sandbox/network-pool.ts';
import type { StepGroup } from '../sandbox/control-group.ts';
import { watchShares, type DiskShare } from './disk-shares.ts';

const checkEveryMs = 1000;

export interface AppSpec {
  /** letters, digits and dashes */
  id: string;
  workspace: WorkspaceMount;
  script: string;
  env: Readonly<Record<string, string>>;
  network: Network;
  mounts: readonly LaunchMount[];
  /** folder to show as /etc; undefined: the one that all see */
  etc?: string | undefined;
  limits: ExecutionLimits;
  /** it is ended when one of them is used up */
  disks: readonly DiskShare[];
  onOutput: (chunk: Buffer) => void;
}

export interface AppEnd {
  /** null: killed from outside */
  code: number | null;
  /** for people: `exited with code 1`, `was killed for memory` */
  text: string;
  /** it was ended for what it wrote: its volumes begin empty again */
  isEvicted?: boolean;
}

/** One run of an application's process in its sandbox. */
export interface AppProcess {
  /** host pid of the sandbox's init, null while or when there is none */
  initPid: Promise<number | null>;
  group: StepGroup | null;
  /** SIGTERM to all of it, SIGKILL when the grace is over; done when it is gone. */
  stop(graceMs: number): Promise<void>;
  /** Resolves when its last process is gone and its last output was passed on. */
  ended: Promise<AppEnd>;
}

/** Starts the process; its limits hold from its first instruction on. */
export async function startApp(host: SandboxHost, spec: AppSpec): Promise<AppProcess> {
  const group = (await host.limiter?.open(spec.id, spec.limits)) ?? null;
  // What it writes in its first moment counts too.
  const overShare = watchShares(spec.disks);
  try {
    const sandbox = await launchSandbox(host.context, {
      workspace: spec.workspace,
      script: spec.script,
      env: spec.env,
      network: spec.network,
      workingDir: '.',
      ...{ mounts: spec.mounts, etc: spec.etc },
      groups: group?.procs,
      fileSizeBytes: spec.limits.diskBytes,
      fallback: group === null ? spec.limits : undefined,
    });
    sandbox.output.on('data', spec.onOutput).on('error', () => undefined);
    const closed = new Promise((resolve) => sandbox.output.once('close', resolve));
    const disk = endWhenFull(sandbox, overShare);
    const finish = async (): Promise<AppEnd> => {
      const { code, problem } = await sandbox.ended;
      const full = disk.close();
      await waitForInit(sandbox);
      await closed;
      const oom = code === 0 ? 0 : ((await group?.counters())?.oom ?? 0);
      await group?.remove();
      if (full !== null) return { code, text: full, isEvicted: true };
      return { code, text: endText(code, oom, problem) };
    };
    return {
      initPid: sandbox.initPid,
      group,
      stop: async (graceMs) => {
        const asked = graceMs > 0 && (await signalAll(sandbox, 'SIGTERM'));
        if (asked && (await endsWithin(sandbox, graceMs))) return;
        await killAll(sandbox);
        await sandbox.ended;
      },
      ended: finish(),
    };
  } catch (error) {
    await group?.remove();
    throw error;
  }
}

/** Kills it when `overShare` gives a text; closing ends the watch and gives that text, or null. */
function endWhenFull(
  sandbox: Sandbox,
  overShare: () => Promise<string | null>,
): { close(): string | null } {
  let full: string | null = null;
  let busy = false;
  const check = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      full ??= await overShare();
      if (full !== null) await killAll(sandbox);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void check(), checkEveryMs);
  return {
    close: () => {
      clearInterval(timer);
      return full;
    },
  };
}

function endText(code: number | null, oom: number, problem: string): string {
  if (oom > 0) return 'was killed for memory (OOMKilled)';
  if (code !== null) return `exited with code ${String(code)}`;
  return problem === '' ? 'was killed' : `did not run: ${problem}`;
}
