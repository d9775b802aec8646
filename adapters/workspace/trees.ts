import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { lchownSync, readdirSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { WorkspaceMount } from '../executor/executor.ts';

const run = promisify(execFile);
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Removes a tree that foreign code wrote. By `rm`, which goes down by open directories: swapping a folder for a link
 * while it runs leads it nowhere.
 */
export async function removeTree(dir: string): Promise<void> {
  try {
    await run('rm', ['-rf', '--one-file-system', '--', dir], { env });
  } catch {
    // Without root, folders that nobody may enter (an overlay's work folder is one) must be opened first.
    await run('chmod', ['-R', 'u+rwX', '--', dir], { env }).catch(() => undefined);
    await run('rm', ['-rf', '--one-file-system', '--', dir], { env });
  }
}

/** How long trees gather before one process removes them all. */
const SWEEP_MS = 1000;
const sweeps = new Map<string, NodeJS.Timeout>();

/**
 * Takes a tree out of sight at once and removes it later, together with others: starting a process from a large one is
 * dear, and a step throws several trees away. What a killed process leaves in `.trash` is removed by the next sweep.
 * @param root the directory of all runs, on the same file system
 */
export async function throwAway(dir: string, root: string): Promise<void> {
  const trash = join(root, '.trash');
  for (let tries = 0; ; tries += 1) {
    try {
      await rename(dir, join(trash, randomUUID()));
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Either the tree is not there, which is fine, or the trash was just taken out.
      if (tries > 0) return;
      await mkdir(trash, { recursive: true, mode: 0o700 });
    }
  }
  if (sweeps.has(trash)) return;
  const timer = setTimeout(() => {
    sweeps.delete(trash);
    void emptyTrash(trash);
  }, SWEEP_MS);
  sweeps.set(trash, timer.unref());
}

async function emptyTrash(trash: string): Promise<void> {
  const full = `${trash}-${randomUUID()}`;
  try {
    await rename(trash, full);
    await removeTree(full);
  } catch {
    // Tried again with the next tree, and at the next start.
  }
}

/**
 * Copies a tree into another one; links stay links, and a file that is newer there stays. What lies there is replaced and
 * not written to: where it is a link of whoever made that tree, this process would write wherever that leads.
 */
export async function copyTree(from: string, to: string): Promise<void> {
  const how = ['-a', '-u', '--remove-destination', '--reflink=auto', '--'];
  const cwd = commonFolder(from, to);
  await run('cp', [...how, `${relative(cwd, from)}/.`, relative(cwd, to) || '.'], { env, cwd });
}

/** Where a program works so that its command line, which other accounts may read, does not tell whose run it is. */
function commonFolder(one: string, other: string): string {
  let folder = dirname(one);
  while (relative(folder, other).startsWith('..')) folder = dirname(folder);
  return folder;
}

/**
 * Hands a tree that only this process wrote to over to another user. For trees of few entries, as a clone in packs is: all
 * at once takes less time than a way through Node's threads for each, or a process from a large one.
 */
export function giveTree(dir: string, { uid, gid }: { uid: number; gid: number }): void {
  for (const entry of ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })]) {
    lchownSync(join(dir, entry), uid, gid);
  }
}

/** `overlay` where this kernel, user and file system can mount one over `root`, else `directory`. */
export async function detectKind(root: string): Promise<WorkspaceMount['kind']> {
  const dir = join(root, `.probe-${process.pid}`);
  for (const part of ['l', 'u', 'w', 'm']) await mkdir(join(dir, part), { recursive: true });
  const user = process.getuid?.() === 0 ? [] : ['-r'];
  const extra = user.length === 0 ? '' : ',userxattr';
  const script = `mount -t overlay -o lowerdir=l,upperdir=u,workdir=w,volatile${extra} probe m && : > m/file`;
  try {
    await run('unshare', ['-m', ...user, '--', 'sh', '-c', script], { env, cwd: dir });
    return 'overlay';
  } catch {
    return 'directory';
  } finally {
    await removeTree(dir);
    await rm(dir, { recursive: true, force: true });
  }
}
