import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  type BackedUpFile,
  BackupError,
  type BackupWriter,
  refuseInterrupted,
} from './backup-folder.ts';

const tries = 10;
/** what git is about to write or to throw away */
const passing = /^(tmp_|incoming-|\.tmp-)|\.lock$/;
/** References before what they point to, loose ones before packed ones: git writes in the other order. */
const order = ['refs', 'packed-refs', 'HEAD', 'config'];

/** Bare repositories below a folder, as paths from it. */
async function findRepositories(root: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true }).catch(() => []);
  if (entries.some(({ name }) => name === 'HEAD')) return [below];
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = folders.map(({ name }) => findRepositories(root, path.join(below, name)));
  return (await Promise.all(found)).flat().sort();
}

async function* filesOf(folder: string, name: string): AsyncGenerator<string> {
  const entries = await readdir(path.join(folder, name), { withFileTypes: true });
  for (const entry of entries) {
    if (passing.test(entry.name)) continue;
    const file = path.join(name, entry.name);
    if (entry.isDirectory()) yield* filesOf(folder, file);
    else if (entry.isFile()) yield file;
  }
}

async function copyRepository(root: string, name: string, writer: BackupWriter): Promise<void> {
  const folder = path.join(root, name);
  const copy = async (file: string) => {
    const source = createReadStream(path.join(folder, file));
    await writer.write(path.join('repositories', name, file), source);
  };
  const copyAll = async (part: string) => {
    for await (const file of filesOf(folder, part)) await copy(file);
  };
  const tops = await readdir(folder, { withFileTypes: true });
  const later = tops.filter((entry) => !order.includes(entry.name) && !passing.test(entry.name));
  const sorted = [...order, ...later.map((entry) => entry.name)];
  for (const part of sorted) {
    const entry = tops.find((top) => top.name === part);
    if (entry?.isDirectory() === true) await copyAll(part);
    else if (entry?.isFile() === true) await copy(part);
  }
}

/**
 * Copies repositories while they are pushed to. git writes objects before the references to them; references are copied
 * first here, so that whatever they name is there. A repository that git tidies meanwhile is begun anew.
 * @returns their paths
 */
export async function copyRepositories(root: string, writer: BackupWriter): Promise<string[]> {
  const copied: string[] = [];
  for (const name of await findRepositories(root)) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await copyRepository(root, name, writer);
        copied.push(name);
        break;
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT') throw error;
        const place = path.join('repositories', name);
        for (const file of writer.files.keys()) {
          if (file.startsWith(`${place}${path.sep}`)) writer.files.delete(file);
        }
        await rm(path.join(writer.root, place), { recursive: true, force: true });
        // deleted since it was found: its project goes with it
        if (!(await findRepositories(root)).includes(name)) break;
        if (attempt === tries) throw new BackupError(`${name} changes too fast to be copied`);
      }
    }
  }
  return copied;
}

/**
 * Puts repositories back and has git look at each.
 * @throws BackupError naming one that git finds broken
 */
export async function placeRepositories(
  backup: string,
  root: string,
  {
    names,
    files,
    signal,
  }: {
    names: readonly string[];
    files: readonly BackedUpFile[];
    signal?: AbortSignal | undefined;
  },
): Promise<void> {
  for (const { path: file } of files) {
    refuseInterrupted(signal);
    if (!file.startsWith(`repositories${path.sep}`)) continue;
    const target = path.join(root, path.relative('repositories', file));
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    await copyFile(path.join(backup, file), target);
  }
  for (const name of names) {
    refuseInterrupted(signal);
    const folder = path.join(root, name);
    for (const part of ['refs', 'objects']) {
      await mkdir(path.join(folder, part), { recursive: true, mode: 0o700 });
    }
    const args = ['--git-dir', folder, 'fsck', '--connectivity-only', '--no-dangling'];
    await promisify(execFile)('git', args, { maxBuffer: 64 * 1024 * 1024 }).catch(
      (error: unknown) => {
        const said = (error as { stderr?: string }).stderr?.split('\n')[0] ?? '';
        throw new BackupError(`git finds the restored ${name} broken: ${said}`);
      },
    );
  }
}
