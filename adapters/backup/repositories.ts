import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gitEnvironment, type GitSetting } from '../git/git-process.ts';
import { createRepository } from '../git/make-repository.ts';
import { repositoryDir } from '../git/repository-path.ts';
import { BackupError, refuseInterrupted } from './backup-error.ts';
import { type BackupWriter, openBackedUp } from './backup-folder.ts';
import type { BackedUpFile } from './manifest.ts';
import {
  isRepositoryName,
  isTakenAlong,
  repositoryFilePath,
  splitRepositoryFile,
} from './backup-paths.ts';

const tries = 10;
/**
 * References before what they point to, loose ones before packed ones: git writes in the other order. Of the objects those
 * that are loose come before packs, into which git tidies them.
 */
const order = ['refs', 'packed-refs', 'HEAD', 'objects'];

/** Bare repositories below a folder, as paths from it. */
async function findRepositories(root: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(root, below), { withFileTypes: true }).catch(() => []);
  if (entries.some(({ name }) => name === 'HEAD')) return [below];
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  const found = folders.map(({ name }) => findRepositories(root, path.join(below, name)));
  return (await Promise.all(found)).flat().sort();
}

/** Files of a folder in the order of their names: `objects/pack` comes after those of loose objects. */
async function* filesOf(folder: string, name: string): AsyncGenerator<string> {
  const entries = await readdir(path.join(folder, name), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const file = path.join(name, entry.name);
    if (entry.isDirectory()) yield* filesOf(folder, file);
    else if (entry.isFile() && isTakenAlong(file)) yield file;
  }
}

async function copyRepository(root: string, name: string, writer: BackupWriter): Promise<void> {
  const folder = path.join(root, name);
  const copy = async (file: string) => {
    const source = createReadStream(path.join(folder, file));
    await writer.write(repositoryFilePath(name, file), source);
  };
  const tops = await readdir(folder, { withFileTypes: true });
  for (const part of order) {
    const entry = tops.find((top) => top.name === part);
    if (entry?.isFile() === true) await copy(part);
    if (entry?.isDirectory() !== true) continue;
    for await (const file of filesOf(folder, part)) await copy(file);
  }
}

/**
 * Copies repositories while they are pushed to. git writes objects before the references to them; references are copied
 * first here, so that whatever they name is there. A repository that git tidies meanwhile is begun anew.
 * @param tell told of what is no repository of the platform's and left out
 * @returns their paths
 */
export async function copyRepositories(
  root: string,
  writer: BackupWriter,
  tell: (text: string) => void,
): Promise<string[]> {
  const copied: string[] = [];
  for (const name of await findRepositories(root)) {
    if (!isRepositoryName(name)) {
      tell(`left out: ${JSON.stringify(name)}, which is the repository of no project`);
      continue;
    }
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

/** Where restored repositories go. */
export interface RepositoryPlace {
  /** folder of all repositories */
  root: string;
  /** git that makes them */
  setting: GitSetting;
  /** ends it */
  signal?: AbortSignal | undefined;
}

/**
 * Puts repositories back and has git look at each. A repository is made as a new one is, with its configuration; from the
 * backup come objects and references.
 * @throws BackupError naming one that git finds broken
 */
export async function placeRepositories(
  backup: string,
  place: RepositoryPlace,
  { names, files }: { names: readonly string[]; files: readonly BackedUpFile[] },
): Promise<void> {
  const byName = new Map(names.map((name) => [name, new Map<string, BackedUpFile>()]));
  for (const file of files) {
    const split = splitRepositoryFile(file.path);
    if (split === null || !isTakenAlong(split.within)) continue;
    byName.get(split.name)?.set(split.within, file);
  }
  for (const [name, parts] of byName) await placeRepository(backup, place, name, parts);
}

async function placeRepository(
  backup: string,
  place: RepositoryPlace,
  name: string,
  parts: ReadonlyMap<string, BackedUpFile>,
): Promise<void> {
  refuseInterrupted(place.signal);
  const head = parts.get('HEAD');
  const said = head === undefined ? '' : await text(await openBackedUp(backup, head));
  const branch = /^ref: refs\/heads\/(.+)\n?$/u.exec(said)?.[1];
  if (branch === undefined && !/^[0-9a-f]{40}\n?$/u.test(said)) {
    throw new BackupError(`the HEAD of ${name} names neither a branch nor a commit`);
  }
  await createRepository(place, name, branch ?? 'main');
  const folder = repositoryDir(place.root, name);
  if (branch === undefined) await rm(path.join(folder, 'HEAD'));
  for (const [within, file] of parts) {
    if (within === 'HEAD' && branch !== undefined) continue;
    refuseInterrupted(place.signal);
    const target = path.join(folder, within);
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
    const sink = createWriteStream(target, { flags: 'wx', mode: 0o600 });
    await pipeline(await openBackedUp(backup, file), sink);
  }
  refuseInterrupted(place.signal);
  const args = ['--git-dir', folder, 'fsck', '--connectivity-only', '--no-dangling'];
  const options = { maxBuffer: 64 * 1024 * 1024, env: gitEnvironment(place.setting) };
  await promisify(execFile)(place.setting.gitPath, args, options).catch((error: unknown) => {
    const reason = (error as { stderr?: string }).stderr?.split('\n')[0] ?? '';
    throw new BackupError(`git finds the restored ${name} broken: ${reason}`);
  });
}
