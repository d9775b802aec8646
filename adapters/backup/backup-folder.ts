import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Something about a backup that its operator can put right; the message is for people. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/** What is said of a restore that somebody ended. */
export const interrupted = 'it was interrupted';

/** To be asked between two things that take a while. @throws BackupError when it was interrupted */
export function refuseInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new BackupError(interrupted);
}

/** A file of a backup; `key` is that of an object of the object store. */
export interface BackedUpFile {
  path: string;
  bytes: number;
  sha256: string;
  key?: string;
}

export interface BackedUpTable {
  name: string;
  columns: string[];
  rows: number;
  path: string;
}

/** `backup.json`: written last, so a folder without it is no backup. */
export interface Manifest {
  format: 1;
  createdAt: string;
  migrations: string[];
  tables: BackedUpTable[];
  /** last values; null for one that was never asked */
  sequences: Record<string, string | null>;
  repositories: string[];
  objects: number;
  /** whether the master key lies in it */
  masterKey: boolean;
  /** of `files.ndjson`, which names every other file */
  filesSha256: string;
}

const manifestFile = 'backup.json';
const listFile = 'files.ndjson';

/** Sums up what flows through it. */
export class Summing extends Transform {
  readonly #hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: string, done: (e: null, data: Buffer) => void) {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}

/** Writes the files of a backup for nobody else's eyes, durably, and keeps the list of them. */
export class BackupWriter {
  readonly files = new Map<string, BackedUpFile>();
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async write(name: string, source: Readable, key?: string): Promise<void> {
    const file = path.join(this.root, name);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const sum = new Summing();
    await pipeline(source, sum, createWriteStream(file, { mode: 0o600, flush: true }));
    const { bytes } = sum;
    const entry = { path: name, bytes, sha256: sum.digest() };
    this.files.set(name, key === undefined ? entry : { ...entry, key });
  }

  async finish(manifest: Omit<Manifest, 'filesSha256'>): Promise<void> {
    const list = [...this.files.values()].map((file) => `${JSON.stringify(file)}\n`).join('');
    const options = { mode: 0o600, flush: true };
    await writeFile(path.join(this.root, listFile), list, options);
    const filesSha256 = createHash('sha256').update(list).digest('hex');
    const text = `${JSON.stringify({ ...manifest, filesSha256 }, null, 2)}\n`;
    await writeFile(path.join(this.root, manifestFile), text, options);
  }
}

/**
 * Reads what a backup says of itself.
 * @throws BackupError where there is none, or one of another format
 */
export async function readBackup(
  root: string,
): Promise<{ manifest: Manifest; files: BackedUpFile[] }> {
  const text = await readFile(path.join(root, manifestFile), 'utf8').catch(() => null);
  if (text === null) {
    throw new BackupError(`${root} is no whole backup: it has no ${manifestFile}`);
  }
  const manifest = JSON.parse(text) as Manifest;
  if ((manifest.format as number) !== 1) {
    throw new BackupError(`${root} is of format ${String(manifest.format)}, this Slipway reads 1`);
  }
  const list = await readFile(path.join(root, listFile), 'utf8').catch(() => '');
  if (createHash('sha256').update(list).digest('hex') !== manifest.filesSha256) {
    throw new BackupError(`${listFile} of ${root} is not what ${manifestFile} says`);
  }
  const lines = list.split('\n').filter((line) => line !== '');
  return { manifest, files: lines.map((line) => JSON.parse(line) as BackedUpFile) };
}

/** Reads every file of a backup and compares it with its sum. @throws BackupError naming the first that differs */
export async function checkFiles(root: string, files: readonly BackedUpFile[]): Promise<void> {
  for (const file of files) {
    const sum = new Summing();
    try {
      await pipeline(createReadStream(path.join(root, file.path)), sum.resume());
    } catch (error) {
      const { code = 'not readable' } = error as NodeJS.ErrnoException;
      throw new BackupError(`${file.path} of ${root} cannot be read (${code})`);
    }
    if (sum.digest() !== file.sha256) {
      throw new BackupError(`${file.path} of ${root} was changed or damaged: its sum differs`);
    }
  }
}

const verifiedFile = 'verified-at';

/**
 * Notes in a backup when every file of it was last found whole; null where one was not. Nobody relies on it but who looks
 * at a list: a backup that cannot be written to is as good a backup.
 */
export async function noteVerified(root: string, at: Date | null): Promise<void> {
  const file = path.join(root, verifiedFile);
  const noted =
    at === null ? rm(file, { force: true }) : writeFile(file, at.toISOString(), { mode: 0o600 });
  await noted.catch(() => undefined);
}

/** A folder that is a backup, or was to become one. */
export interface ListedBackup {
  name: string;
  /** null: it is no whole backup, see `problem` */
  createdAt: string | null;
  bytes: number;
  repositories: number;
  /** when all of it was last found whole, ISO 8601 in UTC; null: not since it was last found damaged */
  verifiedAt: string | null;
  problem: string | null;
}

/**
 * Backups that lie in a folder, by name. It reads what they say of themselves, not all that is in them.
 * @throws BackupError where there is no such folder
 */
export async function listBackups(folder: string): Promise<ListedBackup[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new BackupError(`${folder} cannot be read: name the folder that holds the backups`);
  });
  const listed: ListedBackup[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const root = path.join(folder, name);
    const isDraft = name.endsWith('.part');
    if (!isDraft && !existsSync(path.join(root, manifestFile))) continue;
    listed.push(
      isDraft ? notWhole(name, 'interrupted, or being made now') : await describeBackup(root, name),
    );
  }
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const notWhole = (name: string, problem: string): ListedBackup => ({
  ...{ name, problem, createdAt: null, bytes: 0, repositories: 0, verifiedAt: null },
});

async function describeBackup(root: string, name: string): Promise<ListedBackup> {
  try {
    const { manifest, files } = await readBackup(root);
    const verifiedAt = await readFile(path.join(root, verifiedFile), 'utf8').catch(() => null);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const { createdAt, repositories } = manifest;
    return { name, createdAt, bytes, repositories: repositories.length, verifiedAt, problem: null };
  } catch (error) {
    return notWhole(name, error instanceof Error ? error.message : String(error));
  }
}
