import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Socket } from 'node:net';
import type { WorkspaceMount } from '../executor/executor.ts';
import type { Instance } from './instance.ts';
import { homeTarget, stepGid, stepUid, workspaceTarget } from './options.ts';
import type { OutputPipes } from './output-pipes.ts';
import { trustedPath } from './run-tool.ts';
import { nodeLinks, type NodeInstall, type SystemView } from './system-view.ts';

/** What all sandboxes of this process share. */
export interface LaunchContext {
  instance: Instance;
  bwrap: string;
  view: SystemView;
  node: NodeInstall | null;
  pipes: OutputPipes;
  tmpBytes: number;
  /** As root we become nobody first; as a user we stay that user, mapped to nobody inside. */
  root: boolean;
}

export interface Launch {
  /** Null: the sandbox has no workspace of its own, see `directory`. */
  workspace: WorkspaceMount | null;
  /** A plain directory shown at /workspace instead. */
  directory?: string;
  readOnly?: boolean;
  script: string;
  env: Readonly<Record<string, string>>;
  networkPath: string | null;
  workingDir: string;
  joinFiles: readonly string[];
  fileSizeBytes: number;
  /** Only where there is no control group. */
  fallback?: { memoryBytes: number; pids: number } | undefined;
  /** 'pipe': the caller writes `stdin`. */
  stdin?: 'ignore' | 'pipe';
}

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

const scriptTarget = '/etc/slipway/step.sh';

/** Starts one sandbox. Rejects only when not even the first process can be started. */
export async function launchSandbox(context: LaunchContext, launch: Launch): Promise<Sandbox> {
  const wrapper = wrapperScript(context, launch);
  const pipe = await context.pipes.take();
  const user = context.root ? [] : ['-r'];
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', '--', 'unshare', '-m', ...user, '--', 'sh', '-c', wrapper],
    {
      // Not the operator's environment, and not the step's either: LD_PRELOAD there would run in tools that are root.
      env: { PATH: trustedPath, SLIPWAY_PARENT: String(process.pid) },
      cwd: '/',
      detached: true,
      stdio: [launch.stdin ?? 'ignore', pipe.writer, 'pipe', 'pipe', 'pipe', 'pipe'],
    },
  );
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  // The types know five entries; there are six.
  const stdio: readonly unknown[] = child.stdio;
  const status = readStatus(stdio[4] as Readable);
  const problem = readText(stdio[2] as Readable);
  feed(stdio[3] as Writable, sandboxArgs(context, launch).join('\0') + '\0');
  feed(stdio[5] as Writable, launch.script);
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
  return { child, output: pipe.read(), stdin: child.stdin, initPid: status.initPid, ended };
}

/** What runs as root (or as root of a user namespace) before bubblewrap: groups, limits, mounts. All values are quoted. */
function wrapperScript(context: LaunchContext, launch: Launch): string {
  const mount = join(context.instance.dir, 'mnt');
  const lines = [
    'set -e',
    'umask 022',
    // The parent-death signal is set by now; if the parent died before that, there is nobody to work for.
    '[ "$PPID" = "$SLIPWAY_PARENT" ] || exit 70',
    ...launch.joinFiles.map((file) => `echo $$ > ${quote(file)}`),
    'ulimit -c 0',
    // counted in blocks of 512 bytes by every POSIX shell
    `ulimit -f ${Math.max(1, Math.ceil(launch.fileSizeBytes / 512))}`,
    ...mountLines(context, launch, mount),
  ];
  const binds: string[] = [];
  for (const [index, bind] of context.view.binds.entries()) {
    if (!bind.staged) continue;
    const place = join(mount, `tool-${index}`);
    binds.push(`[ -d ${quote(bind.source)} ] && mkdir -p ${quote(place)} || : >> ${quote(place)}`);
    binds.push(`mount --bind ${quote(bind.source)} ${quote(place)}`);
  }
  const enter: string[] = [];
  if (launch.networkPath !== null) enter.push('nsenter', quote(`--net=${launch.networkPath}`));
  if (launch.fallback !== undefined) {
    enter.push(
      'prlimit',
      `--data=${launch.fallback.memoryBytes}`,
      `--nproc=${launch.fallback.pids}`,
    );
  }
  if (context.root) {
    enter.push('setpriv', `--reuid=${stepUid}`, `--regid=${stepGid}`, '--clear-groups');
    enter.push('--no-new-privs', '--pdeathsig', 'KILL', '--');
  }
  // The sandbox's init keeps the environment it began with where a step can read it.
  enter.push('env', '-i');
  const shell = ['/bin/sh', '-e', scriptTarget];
  lines.push(
    ...binds,
    'cd /',
    `exec ${[...enter, quote(context.bwrap), '--args', '3', '--', ...shell].join(' ')}`,
  );
  return lines.join('\n');
}

function mountLines(context: LaunchContext, launch: Launch, mount: string): string[] {
  const tree = quote(join(mount, 'workspace'));
  const space = launch.workspace;
  if (space === null) return [`mount --bind ${quote(launch.directory ?? '/var/empty')} ${tree}`];
  const lines = [`cd ${quote(space.root)}`];
  // A second run over the same attempt: the kernel marks a volatile layer as not to be mounted again, which is for
  // layers that a crash of the machine may have torn; after one the attempt is begun anew.
  const mark = quote(join(space.work, 'work', 'incompat'));
  lines.push(`[ ! -d ${mark} ] || rm -rf ${mark}`);
  if (space.kind === 'directory') lines.push(`mount --bind ${quote(space.upper)} ${tree}`);
  else
    lines.push(
      `mount -t overlay -o ${quote(overlayOptions(context, launch, space))} slipway ${tree}`,
    );
  lines.push(`mount --bind ${quote(space.home)} ${quote(join(mount, 'home'))}`);
  return lines;
}

/** Names are relative to the workspace's root, for the kernel takes one page of options and no more. */
function overlayOptions(context: LaunchContext, launch: Launch, space: WorkspaceMount): string {
  const lower = [...space.layers].reverse();
  const inUserNamespace = context.root ? '' : ',userxattr';
  if (launch.readOnly === true)
    return `ro,lowerdir=${[space.upper, ...lower].join(':')}${inUserNamespace}`;
  // volatile: an attempt that a power cut interrupts is thrown away, so nothing needs to be synced for it.
  return `lowerdir=${lower.join(':')},upperdir=${space.upper},workdir=${space.work},volatile${inUserNamespace}`;
}

function sandboxArgs(context: LaunchContext, launch: Launch): string[] {
  const mount = join(context.instance.dir, 'mnt');
  const args = [
    '--unshare-user',
    '--disable-userns',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
  ];
  args.push('--unshare-cgroup-try', '--uid', String(stepUid), '--gid', String(stepGid));
  if (launch.networkPath === null) args.push('--unshare-net');
  args.push('--hostname', 'slipway', '--die-with-parent', '--new-session', '--json-status-fd', '4');
  for (const dir of ['/etc', '/etc/slipway', '/home', '/opt'])
    args.push('--perms', '0755', '--dir', dir);
  args.push(...context.view.args);
  for (const [index, bind] of context.view.binds.entries()) {
    args.push('--ro-bind', bind.staged ? join(mount, `tool-${index}`) : bind.source, bind.target);
  }
  args.push(...nodeLinks(context.node), '--proc', '/proc', '--dev', '/dev');
  args.push('--perms', '1777', '--size', String(context.tmpBytes), '--tmpfs', '/tmp');
  args.push(
    launch.readOnly === true ? '--ro-bind' : '--bind',
    join(mount, 'workspace'),
    workspaceTarget,
  );
  if (launch.workspace === null) args.push('--dir', homeTarget);
  else args.push('--bind', join(mount, 'home'), homeTarget);
  args.push('--perms', '0444', '--ro-bind-data', '5', scriptTarget, '--remount-ro', '/');
  args.push('--chdir', join(workspaceTarget, launch.workingDir), '--clearenv');
  for (const [name, value] of Object.entries(launch.env)) args.push('--setenv', name, value);
  return args;
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

/** A word for the shell, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
