import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

export interface Program {
  command: string;
  args: string[];
  /** everything that it prints goes here */
  logFile: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  uid?: number | undefined;
  gid?: number | undefined;
}

/** Starts a program whose output goes to a file: a pipe would tie it to us, and fill up. */
export function startProgram(program: Program): ChildProcess {
  const log = openSync(program.logFile, 'a');
  const options: SpawnOptions = {
    stdio: ['ignore', log, log],
    env: program.env ?? process.env,
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
    ...(program.uid === undefined ? {} : { uid: program.uid }),
    ...(program.gid === undefined ? {} : { gid: program.gid }),
  };
  const child = spawn(program.command, program.args, options);
  closeSync(log);
  child.on('error', () => undefined);
  return child;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Ends a process: by `signal`, and by SIGKILL when it is still there after `graceMs`. */
export async function stopProcess(
  child: ChildProcess,
  signal: NodeJS.Signals = 'SIGTERM',
  graceMs = 10_000,
): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

/** Asks until `check` gives something truthy; its errors count as no. */
export async function waitFor<T>(
  what: string,
  check: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  { timeoutMs = 60_000, everyMs = 25 } = {},
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await check();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited too long for ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Like `waitFor`, but gives up, with the end of the log, as soon as the process is gone. */
export async function waitForServer(
  what: string,
  child: ChildProcess,
  logFile: string,
  check: () => Promise<boolean>,
): Promise<void> {
  const outcome = await waitFor(what, async () => {
    if (hasEnded(child)) return 'gone';
    return (await check()) && 'up';
  });
  if (outcome === 'up') return;
  const log = await readFile(logFile, 'utf8').catch(() => '');
  throw new Error(`${what} ended while it started: ${log.slice(-2_000)}`);
}
