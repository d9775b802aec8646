import { join } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';
import type { WorkspaceMount } from '../executor/executor.ts';
import type { Spawner } from '../spawner/spawner.ts';
import type { Instance } from './instance.ts';
import {
  homeName,
  homeTarget,
  scriptTarget,
  stepGid,
  stepUid,
  treeName,
  workspaceTarget,
} from './options.ts';
import type { Network } from './network-pool.ts';
import type { OutputPipes } from './output-pipes.ts';
import { nodeLinks, type NodeInstall, type SystemView } from './system-view.ts';

/** What all sandboxes of this process share. */
export interface LaunchContext {
  instance: Instance;
  /** absolute paths: what comes last before a step runs without a PATH */
  tools: { bwrap: string; nsenter: string; setpriv: string; prlimit: string };
  view: SystemView;
  node: NodeInstall | null;
  pipes: OutputPipes;
  spawner: Spawner;
  tmpBytes: number;
  /** As root we become nobody first; as a user we stay that user, mapped to nobody inside. */
  root: boolean;
  /** As root: the namespace in which we become nobody, see `openUserNamespace`; null where none could be made. */
  users: string | null;
}

export interface LaunchMount {
  /** a file system in memory of this size instead of `source` */
  memoryBytes?: number;
  source: string;
  target: string;
  readOnly: boolean;
}

export interface Launch {
  /** Null: the sandbox has no workspace of its own, see `directory`. */
  workspace: WorkspaceMount | null;
  /** A plain directory shown at /workspace instead. */
  directory?: string;
  readOnly?: boolean;
  /** Further folders and files of the host; `target` is absolute and its parent can be made inside. */
  mounts?: readonly LaunchMount[];
  /** Folder of the host to show as /etc; default: the one of all sandboxes. */
  etc?: string | undefined;
  script: string;
  env: Readonly<Record<string, string>>;
  network: Network | null;
  workingDir: string;
  /** `cgroup.procs` of each control group that the step belongs to */
  groups?: readonly string[] | undefined;
  fileSizeBytes: number;
  /** Only where there is no control group. */
  fallback?: { memoryBytes: number; pids: number } | undefined;
  /** 'pipe': the caller writes `stdin`. */
  stdin?: 'ignore' | 'pipe';
}

/** Where the wrapper script waits: an environment is for the same user's eyes, a command line for everybody's. */
export const wrapperVariable = 'SLIPWAY_WRAPPER';

/** The command that runs the wrapper script: it makes the mount namespace that goes with the step. */
export function entryCommand(context: LaunchContext, launch: Launch): string[] {
  const { nsenter } = context.tools;
  const shell = ['--', 'sh', '-c', `eval "$${wrapperVariable}"`];
  if (context.root) return ['unshare', '-m', ...shell];
  if (launch.network === null) return ['unshare', '-rm', ...shell];
  return [nsenter, ...launch.network.enter, '--', 'unshare', '-m', ...shell];
}

/**
 * What runs before bubblewrap as root, or as root of a user namespace: limits and mounts, in a mount namespace that goes
 * with the step. All values are quoted.
 */
export function wrapperScript(context: LaunchContext, launch: Launch): string {
  const mount = join(context.instance.dir, 'mnt');
  const lines = ['set -e', 'umask 022', 'ulimit -c 0'];
  // counted in blocks of 512 bytes by every POSIX shell
  lines.push(`ulimit -f ${String(Math.max(1, Math.ceil(launch.fileSizeBytes / 512)))}`);
  lines.push(...mountLines(context, launch, quote(join(mount, 'tree'))));
  const stage = (source: string, name: string): void => {
    const place = quote(join(mount, name));
    lines.push(`[ -d ${quote(source)} ] && mkdir -p ${place} || : >> ${place}`);
    lines.push(`mount --bind ${quote(source)} ${place}`);
  };
  for (const [index, bind] of context.view.binds.entries()) {
    if (bind.staged) stage(bind.source, `tool-${String(index)}`);
  }
  for (const [index, { source, memoryBytes }] of (launch.mounts ?? []).entries()) {
    if (context.root && memoryBytes === undefined) stage(source, `volume-${String(index)}`);
  }
  // The sandbox's init keeps the environment it began with where a step can read it, so it begins with none.
  lines.push(
    'cd /',
    `unset PATH PWD OLDPWD ${wrapperVariable}`,
    `exec ${enter(context, launch).map(quote).join(' ')}`,
  );
  return lines.join('\n');
}

function enter(context: LaunchContext, launch: Launch): string[] {
  const { bwrap, nsenter, prlimit } = context.tools;
  const words: string[] = [];
  // As a user the network's own user namespace was entered before this script, see `entryCommand`.
  if (launch.network !== null && context.root) words.push(nsenter, ...launch.network.enter);
  if (launch.fallback !== undefined) {
    const { memoryBytes, pids } = launch.fallback;
    words.push(prlimit, `--data=${String(memoryBytes)}`, `--nproc=${String(pids)}`);
  }
  if (context.root) words.push(...becomeNobody(context));
  return [...words, bwrap, '--args', '3', '--', '/bin/sh', '-e', scriptTarget];
}

/** By one program that enters the namespace and takes the user on: between two, root's rights there would be gone. */
function becomeNobody({ users, tools: { nsenter, setpriv } }: LaunchContext): string[] {
  const [uid, gid] = [String(stepUid), String(stepGid)];
  const more = ['--no-new-privs', '--pdeathsig', 'KILL', '--'];
  if (users === null) {
    return [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', ...more];
  }
  const enter = [nsenter, `--user=${users}`, `--setuid=${uid}`, `--setgid=${gid}`, '--'];
  return [...enter, setpriv, ...more];
}

function mountLines(context: LaunchContext, launch: Launch, tree: string): string[] {
  const space = launch.workspace;
  if (space === null) return [`mount --bind ${quote(launch.directory ?? '/var/empty')} ${tree}`];
  const lines = [`cd ${quote(space.root)}`];
  if (space.kind === 'directory') return [...lines, `mount --bind ${quote(space.upper)} ${tree}`];
  // A second run over the same attempt: the kernel marks a volatile layer as not to be mounted again, which is for
  // layers that a crash of the machine may have torn; after one the attempt is begun anew.
  const mark = quote(join(space.work, 'work', 'incompat'));
  lines.push(`[ ! -d ${mark} ] || rm -rf ${mark}`);
  const options = quote(overlayOptions(context, launch, space));
  return [...lines, `mount -t overlay -o ${options} slipway ${tree}`];
}

/** Names are relative to the workspace's root, for the kernel takes one page of options and no more. */
function overlayOptions(context: LaunchContext, launch: Launch, space: WorkspaceMount): string {
  const lower = [...space.layers].reverse();
  const more = context.root ? '' : ',userxattr';
  if (launch.readOnly === true) return `ro,lowerdir=${[space.upper, ...lower].join(':')}${more}`;
  // volatile: an attempt that a power cut interrupts is thrown away, so nothing needs to be synced for it.
  return `lowerdir=${lower.join(':')},upperdir=${space.upper},workdir=${space.work},volatile${more}`;
}

/** bubblewrap's options, which go in by a pipe: on a command line every user of the host could read the step's env. */
export function sandboxArgs(context: LaunchContext, launch: Launch): string[] {
  const mount = join(context.instance.dir, 'mnt');
  const tree = join(mount, 'tree');
  const args = ['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc'];
  args.push('--unshare-uts', '--unshare-cgroup-try');
  args.push('--uid', String(stepUid), '--gid', String(stepGid));
  if (launch.network === null) args.push('--unshare-net');
  args.push('--hostname', 'slipway', '--die-with-parent', '--new-session', '--json-status-fd', '4');
  for (const dir of ['/home', '/opt']) args.push('--perms', '0755', '--dir', dir);
  args.push(...context.view.args, '--ro-bind', launch.etc ?? context.view.etc, '/etc');
  for (const [index, bind] of context.view.binds.entries()) {
    const source = bind.staged ? join(mount, `tool-${String(index)}`) : bind.source;
    args.push('--ro-bind', source, bind.target);
  }
  args.push(...nodeLinks(context.node), '--proc', '/proc', '--dev', '/dev');
  // Without a size the kernel gives half of the machine's memory, and /dev itself could be written to like a disk.
  for (const dir of ['/tmp', '/dev/shm']) {
    args.push('--perms', '1777', '--size', String(context.tmpBytes), '--tmpfs', dir);
  }
  args.push('--remount-ro', '/dev');
  const bind = launch.readOnly === true ? '--ro-bind' : '--bind';
  if (launch.workspace === null) args.push(bind, tree, workspaceTarget, '--dir', homeTarget);
  else args.push(bind, join(tree, treeName), workspaceTarget);
  if (launch.workspace !== null) args.push('--bind-try', join(tree, homeName), homeTarget);
  for (const [index, one] of (launch.mounts ?? []).entries()) {
    const { source, target, readOnly, memoryBytes } = one;
    if (memoryBytes !== undefined) {
      args.push('--perms', '0755', '--size', String(memoryBytes), '--tmpfs', target);
      continue;
    }
    const from = context.root ? join(mount, `volume-${String(index)}`) : source;
    args.push(readOnly ? '--ro-bind' : '--bind', from, target);
  }
  args.push('--perms', '0444', '--ro-bind-data', '5', scriptTarget, '--remount-ro', '/');
  args.push('--chdir', join(workspaceTarget, launch.workingDir), '--clearenv');
  for (const [name, value] of Object.entries(launch.env)) args.push('--setenv', name, value);
  return args.map(wordOfOptions);
}

/** Options go in parted by NULs: after one within a word, the rest of it would be read as options of ours. */
function wordOfOptions(word: string): string {
  if (!word.includes('\0')) return word;
  throw new DomainError('validation_failed', 'A name, a path or a value holds a NUL character.');
}

/** A word for the shell, whatever is in it. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
