import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import {
  entryCommand,
  sandboxArgs,
  wrapperScript,
  wrapperVariable,
  type Launch,
  type LaunchContext,
} from './launch-plan.ts';
import { trustedPath } from './run-tool.ts';

/** A sandbox under way. */
export interface Sandbox {
  output: Socket;
  stdin: Writable | null;
  /** host pid of the init of the sandbox's pid namespace, once known */
  initPid: Promise<number | null>;
  /** The script's exit code as the shell tells it, null when the sandbox ended otherwise; `problem`: our own tools' words. */
  ended: Promise<{ code: number | null; problem: string }>;
  running(): boolean;
  /** bubblewrap and the wrapper before it; what is inside goes with them */
  kill(): void;
}

/** Starts one sandbox. Rejects only when not even the first process can be started. */
export async function launchSandbox(context: LaunchContext, launch: Launch): Promise<Sandbox> {
  const pipe = await context.pipes.take();
  const [command = '', ...args] = entryCommand(context, launch);
  try {
    const child = await context.spawner.start({
      command,
      args,
      // Not the operator's environment, and not the step's either: LD_PRELOAD there would run in tools that are root.
      env: { PATH: trustedPath, [wrapperVariable]: wrapperScript(context, launch) },
      cwd: '/',
      stdin: launch.stdin === 'pipe' ? 'stream' : 'ignore',
      stdout: { path: pipe.path },
      sandbox: {
        options: sandboxArgs(context, launch).join('\0') + '\0',
        script: launch.script,
        groups: launch.groups ?? [],
      },
    });
    return {
      output: pipe.read(),
      stdin: child.stdin,
      initPid: child.initPid,
      ended: child.ended.then(({ scriptCode, stderr }) => ({
        code: scriptCode,
        problem: stderr.trim(),
      })),
      running: child.running,
      kill: () => {
        child.kill('SIGKILL');
      },
    };
  } catch (error) {
    pipe.discard();
    throw error;
  }
}
