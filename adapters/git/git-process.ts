import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { DomainError } from '../../contracts/problems.ts';
import type { Cancellation } from '../../contracts/git/store.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { gitMemory, isOutOfMemory, withMemory, type GitMemory } from './memory-limit.ts';

/** Where git's children run and which hooks they may find. */
export interface GitSetting {
  /** directory of our own hook scripts; nothing else lies in it */
  hooksDir: string;
  /** the executable; looked up on PATH when it has no slash */
  gitPath: string;
  /** where children are started; by this process itself without one */
  spawner?: Spawner | undefined;
  /** bytes of memory, where they are not {@link gitMemory} */
  memory?: Partial<Record<GitMemory, number>> | undefined;
}

/**
 * Configuration that every git child gets on top of the (empty) repository configuration. Given by environment, which
 * reaches git's own children as well, and outranks what a repository's config file says.
 */
function gitConfig(hooksDir: string): [string, string][] {
  return [
    ['core.hooksPath', hooksDir],
    ['safe.directory', '*'],
    ['protocol.allow', 'never'],
    ['core.quotePath', 'false'],
    ['core.fsmonitor', 'false'],
    ['core.bigFileThreshold', '32m'],
    // Each moved and changed file is compared with each: the squares of these.
    ['diff.renameLimit', '200'],
    ['merge.renameLimit', '400'],
    ['core.packedGitWindowSize', '32m'],
    ['core.packedGitLimit', '256m'],
    ['core.deltaBaseCacheLimit', '64m'],
    ['pack.windowMemory', '64m'],
    ['pack.threads', '2'],
    ['gc.auto', '0'],
    ['gc.autoDetach', 'false'],
    ['receive.autogc', 'false'],
    ['transfer.fsckObjects', 'true'],
    ['receive.fsckObjects', 'true'],
    // Old but harmless histories have these; refusing them would refuse most imports of long-lived projects.
    ['receive.fsck.zeroPaddedFilemode', 'ignore'],
    ['receive.fsck.badTimezone', 'ignore'],
    ['receive.fsck.missingSpaceBeforeDate', 'ignore'],
    ['receive.advertisePushOptions', 'true'],
    ['transfer.hideRefs', 'refs/slipway'],
    ['uploadpack.allowFilter', 'true'],
    ['uploadpack.allowReachableSHA1InWant', 'true'],
    ['uploadpackfilter.allow', 'true'],
  ];
}

/** The whole environment of a git child: nothing of ours but PATH, so that no secret and no user setting reaches it. */
export function gitEnvironment(
  setting: GitSetting,
  extra: Readonly<Record<string, string>> = {},
  config: readonly (readonly [string, string])[] = [],
): Record<string, string> {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_PAGER: 'cat',
  };
  const all = [...gitConfig(setting.hooksDir), ...config];
  env['GIT_CONFIG_COUNT'] = String(all.length);
  all.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${String(index)}`] = key;
    env[`GIT_CONFIG_VALUE_${String(index)}`] = value;
  });
  return { ...env, ...extra };
}

export interface GitChildOptions {
  cwd: string;
  env?: Readonly<Record<string, string>>;
  config?: readonly (readonly [string, string])[];
  /** extra pipes as fd 3 and 4 */
  hookPipes?: boolean;
  signal?: Cancellation | undefined;
  /** how much memory it may have; default that of packs */
  memory?: GitMemory;
  /**
   * Stays in our process group and session, for a command that ends its own children when it is ended. Linux shares
   * the processor out by session: on a busy machine a pack made in another one reaches its reader at half the speed.
   */
  inOurGroup?: boolean;
}

export interface GitChild {
  /** fd 3 and 4, where they were asked for */
  hooks: { from: Readable; to: Writable } | null;
  stdin: Writable;
  stdout: Readable;
  /** exit code, or null when a signal ended it */
  exited: Promise<number | null>;
  /** last 8 KiB of stderr; for logs only, never for clients */
  stderrTail: () => string;
  kill: () => void;
}

/** How long a child may live after SIGTERM. */
const killAfterMs = 3000;

function sendTo(target: number | null, sent: NodeJS.Signals): void {
  if (target === null) return;
  try {
    process.kill(target, sent);
  } catch {
    // the group is gone already
  }
}

/** A child however it was started. */
interface Started {
  pid: number | undefined;
  stdin: Writable;
  stdout: Readable;
  hooks: GitChild['hooks'];
  /** after its streams have closed */
  closed: Promise<number | null>;
  stderrTail: () => string;
}

/**
 * Starts git with an argument vector, never through a shell. The child leads a process group of its own, unless told
 * otherwise, so that `kill` reaches index-pack and pack-objects as well.
 */
export async function startGit(
  setting: GitSetting,
  args: string[],
  options: GitChildOptions,
): Promise<GitChild> {
  const { spawner } = setting;
  const { pid, stdin, stdout, hooks, closed, stderrTail } =
    spawner === undefined || options.hookPipes === true
      ? startHere(setting, args, options)
      : await startThere(spawner, setting, args, options);
  // A negative number means the group that it leads.
  const leader = options.inOurGroup === true ? pid : -(pid ?? 0);
  const target = leader === undefined || leader === 0 ? null : leader;
  // EPIPE when git ends before it has read all: its exit code says what matters.
  stdin.on('error', () => undefined);
  const state: { timer: NodeJS.Timeout | undefined; over: boolean } = {
    timer: undefined,
    over: false,
  };
  const kill = (): void => {
    if (state.timer !== undefined || state.over) return;
    sendTo(target, 'SIGTERM');
    state.timer = setTimeout(() => {
      sendTo(target, 'SIGKILL');
    }, killAfterMs);
    state.timer.unref();
  };
  const exited = closed.then((code) => {
    state.over = true;
    clearTimeout(state.timer);
    options.signal?.removeEventListener('abort', kill);
    return code;
  });
  if (options.signal?.aborted === true) kill();
  else options.signal?.addEventListener('abort', kill);
  return { hooks, stdin, stdout, exited, stderrTail, kill };
}

function limitedGit(
  { gitPath, memory }: GitSetting,
  args: string[],
  { memory: kind = 'packs' }: GitChildOptions,
): { command: string; args: string[] } {
  return withMemory(gitPath, args, memory?.[kind] ?? gitMemory[kind]);
}

function startHere(setting: GitSetting, args: string[], options: GitChildOptions): Started {
  const limited = limitedGit(setting, args, options);
  const child: ChildProcess = spawn(limited.command, limited.args, {
    cwd: options.cwd,
    env: gitEnvironment(setting, options.env, options.config),
    stdio: options.hookPipes === true ? ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] : 'pipe',
    detached: options.inOurGroup !== true,
    windowsHide: true,
  });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error('git has no pipes');
  let tail = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-8192);
  });
  const closed = new Promise<number | null>((resolve) => {
    child.on('error', () => {
      resolve(127);
    });
    child.on('close', resolve);
  });
  const [from, to] = [child.stdio[3], child.stdio[4]] as unknown as [Readable, Writable];
  const hooks = options.hookPipes === true ? { from, to } : null;
  return { pid: child.pid, stdin, stdout, hooks, closed, stderrTail: () => tail };
}

async function startThere(
  spawner: Spawner,
  setting: GitSetting,
  args: string[],
  options: GitChildOptions,
): Promise<Started> {
  const child = await spawner.start({
    ...limitedGit(setting, args, options),
    cwd: options.cwd,
    env: gitEnvironment(setting, options.env, options.config),
    ...(options.inOurGroup === true ? { inOurGroup: true } : {}),
    stdin: 'stream',
    stdout: 'stream',
  });
  const { pid, stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('git has no pipes');
  let tail = '';
  const closed = child.ended.then(({ code, stderr }) => {
    tail = stderr;
    return code;
  });
  return { pid, stdin, stdout, hooks: null, closed, stderrTail: () => tail };
}

export interface RunOptions extends GitChildOptions {
  input?: string | Buffer;
  /** more output than this is an error; default 16 MiB */
  maxBytes?: number;
  /** stop reading at `maxBytes` instead of failing */
  cut?: boolean;
  timeoutMs?: number;
}

export interface RunResult {
  code: number | null;
  stdout: Buffer;
  stderr: string;
  /** true when output was cut at `maxBytes` */
  cut: boolean;
}

/** What git, in the language it is given here, ends a line with when it could not write. */
const noSpace = /: (No space left on device|Disk quota exceeded)$/m;

/** Whether git has said that it had no room to write. */
export function isOutOfSpace(said: string): boolean {
  return noSpace.test(said);
}

/**
 * Runs git to its end and answers exit code and output. Throws `timed_out`, `disk_full` when git had no room to write, or
 * `body_too_large` for too much output, or when git needs more memory than it may have.
 */
export async function runGit(
  setting: GitSetting,
  args: string[],
  options: RunOptions,
): Promise<RunResult> {
  const child = await startGit(setting, args, options);
  const maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill();
  }, options.timeoutMs ?? 30_000);
  child.stdin.end(options.input);
  const chunks: Buffer[] = [];
  let bytes = 0;
  let over = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    if (over) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      over = true;
      child.kill();
    }
  }
  const code = await child.exited;
  clearTimeout(timer);
  if (timedOut) throw new DomainError('timed_out', 'git took too long to answer.');
  if (over && options.cut !== true) {
    throw new DomainError('body_too_large', 'The answer of git is too large to show.');
  }
  if (code !== 0 && !over && isOutOfSpace(child.stderrTail())) {
    throw new DomainError('disk_full', 'There is no space left for the repository.');
  }
  if (code !== 0 && !over && isOutOfMemory(child.stderrTail())) {
    throw new DomainError('body_too_large', 'This is too large: git needs too much memory for it.');
  }
  const stdout = Buffer.concat(chunks);
  return {
    code: over ? 0 : code,
    stdout: over ? stdout.subarray(0, maxBytes) : stdout,
    stderr: child.stderrTail(),
    cut: over,
  };
}

/** Like `runGit`, but an exit code other than 0 is a bug or a damaged repository: it throws with git's words. */
export async function mustRunGit(
  setting: GitSetting,
  args: string[],
  options: RunOptions,
): Promise<Buffer> {
  const result = await runGit(setting, args, options);
  if (result.code !== 0) throw failedGit(args, result);
  return result.stdout;
}

/** What is thrown where git was expected to succeed: with git's words, for the log only. */
export function failedGit(args: readonly string[], { code, stderr }: RunResult): Error {
  return new Error(`git ${args[0] ?? ''} ended with ${String(code)}: ${stderr}`);
}
