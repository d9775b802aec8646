import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import {
  entryCommand,
  sandboxArgs,
  wrapperScript,
  type Launch,
  type LaunchContext,
} from './launch-plan.ts';
import { trustedPath } from './run-tool.ts';

/** A sandbox under way. */
export interface Sandbox {
  child: ChildProcess;
  output: Socket;
  stdin: Writable | null;
  /** host pid of the init of the sandbox's pid namespace, once known */
  initPid: Promise<number | null>;
  /** The script's exit code as the shell tells it, null when the sandbox ended otherwise; `problem`: our own tools' words. */
  ended: Promise<{ code: number | null; problem: string }>;
}

/** Starts one sandbox. Rejects only when not even the first process can be started. */
export async function launchSandbox(context: LaunchContext, launch: Launch): Promise<Sandbox> {
  const pipe = await context.pipes.take();
  const [command = '', ...args] = entryCommand(context, launch);
  const child = spawn(command, [...args, wrapperScript(context, launch)], {
    // Not the operator's environment, and not the step's either: LD_PRELOAD there would run in tools that are root.
    env: { PATH: trustedPath },
    cwd: '/',
    detached: true,
    stdio: [launch.stdin ?? 'ignore', pipe.writer, 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  // The types know five entries; there are six.
  const stdio: readonly unknown[] = child.stdio;
  const status = readStatus(stdio[4] as Readable);
  const problem = readText(stdio[2] as Readable);
  feed(stdio[3] as Writable, sandboxArgs(context, launch).join('\0') + '\0');
  const script = stdio[5] as Writable;
  const ended = new Promise<{ code: number | null; problem: string }>((resolve) => {
    child.once('exit', () => {
      void Promise.all([status.exitCode, problem]).then(([code, text]) =>
        resolve({ code, problem: text }),
      );
    });
  });
  try {
    await started;
  } catch (error) {
    pipe.discard();
    throw error;
  }
  void handOver(child, status.initPid, launch).then((text) => feed(script, text));
  return { child, output: pipe.read(), stdin: child.stdin, initPid: status.initPid, ended };
}

/**
 * The script goes in last: when bubblewrap has told of its child, its life is tied to ours, so a process that is killed
 * before that leaves an empty script behind, which does nothing; and the child, still without children of its own, is put
 * into the control group. Joining waits for the kernel (10 ms at worst), so it begins early, with the wrapper.
 */
async function handOver(
  child: ChildProcess,
  initPid: Promise<number | null>,
  launch: Launch,
): Promise<string> {
  try {
    const early = launch.join?.(child.pid ?? 0).catch(() => undefined);
    const init = await initPid;
    await early;
    if (init === null) return '';
    await launch.join?.(init);
    return launch.script;
  } catch {
    // A step that could not be limited is not run.
    child.kill('SIGKILL');
    return '';
  }
}

/** bubblewrap writes one JSON document when the child runs and one when it has ended. */
function readStatus(stream: Readable): {
  initPid: Promise<number | null>;
  exitCode: Promise<number | null>;
} {
  let text = '';
  let tellPid: (pid: number | null) => void = () => undefined;
  const initPid = new Promise<number | null>((resolve) => {
    tellPid = resolve;
  });
  const number = (key: string): number | null => {
    const match = new RegExp(`"${key}"\\s*:\\s*(\\d+)`).exec(text);
    return match === null ? null : Number(match[1]);
  };
  const exitCode = new Promise<number | null>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const pid = number('child-pid');
      if (pid !== null) tellPid(pid);
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      tellPid(number('child-pid'));
      resolve(number('exit-code'));
    });
  });
  return { initPid, exitCode };
}

function readText(stream: Readable): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      if (text.length < 4096) text += chunk.toString('utf8');
    });
    stream.on('error', () => undefined);
    stream.on('close', () => resolve(text.trim()));
  });
}

function feed(stream: Writable, text: string): void {
  // The reader may be gone already when a wrapper fails; its exit code tells that, EPIPE adds nothing.
  stream.on('error', () => undefined).end(text);
}
