import { createHash } from 'node:crypto';
import { constants, createWriteStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline as connect, type Readable, Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { BackupError } from './backup-error.ts';
import { judgeSignature, type Signature, type Signer } from './signature.ts';
import { requireOwnPaths } from './backup-paths.ts';
import { type BackedUpFile, fileSchema, type Manifest, manifestSchema } from './manifest.ts';

const manifestFile = 'backup.json';
const listFile = 'files.ndjson';
/** written before what it signs, which is written last */
const signatureFile = 'backup.hmac';

/** Sums up what flows through it; `judge` may say in the end what is wrong with the sum. */
export class Summing extends Transform {
  readonly #hash = createHash('sha256');
  readonly #judge: (digest: string) => Error | null;
  bytes = 0;
  digest = '';

  constructor(judge: (digest: string) => Error | null = () => null) {
    super();
    this.#judge = judge;
  }

  override _transform(chunk: Buffer, _encoding: string, done: (e: null, data: Buffer) => void) {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  override _flush(done: (error: Error | null) => void) {
    this.digest = this.#hash.digest('hex');
    done(this.#judge(this.digest));
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
    const entry = { path: name, bytes: sum.bytes, sha256: sum.digest };
    this.files.set(name, key === undefined ? entry : { ...entry, key });
  }

  async finish(manifest: Omit<Manifest, 'filesSha256'>, signer: Signer | null): Promise<void> {
    const list = [...this.files.values()].map((file) => `${JSON.stringify(file)}\n`).join('');
    const options = { mode: 0o600, flush: true };
    await writeFile(path.join(this.root, listFile), list, options);
    const filesSha256 = createHash('sha256').update(list).digest('hex');
    const text = `${JSON.stringify({ ...manifest, filesSha256 }, null, 2)}\n`;
    if (signer !== null) {
      await writeFile(path.join(this.root, signatureFile), `${signer(text)}\n`, options);
    }
    await writeFile(path.join(this.root, manifestFile), text, options);
  }
}

/** What a backup says of itself. */
export interface ReadBackup {
  manifest: Manifest;
  files: BackedUpFile[];
  signature: Signature;
}

/**
 * Reads what a backup says of itself.
 * @param signer of the master key that is in place; null: there is none
 * @throws BackupError where there is none, one of another format, or one that we have not written so
 */
export async function readBackup(root: string, signer: Signer | null): Promise<ReadBackup> {
  const text = await readFile(path.join(root, manifestFile), 'utf8').catch(() => null);
  if (text === null) {
    throw new BackupError(`${root} is no whole backup: it has no ${manifestFile}`);
  }
  const said = parseJson(text, manifestFile, root);
  const { format } = (said ?? {}) as { format?: unknown };
  if (format !== 1) {
    throw new BackupError(`${root} is of format ${String(format)}, this Slipway reads 1`);
  }
  const manifest = shaped(manifestSchema, said, manifestFile, root);
  const list = await readFile(path.join(root, listFile), 'utf8').catch(() => '');
  if (createHash('sha256').update(list).digest('hex') !== manifest.filesSha256) {
    throw new BackupError(`${listFile} of ${root} is not what ${manifestFile} says`);
  }
  const lines = list.split('\n').filter((line) => line !== '');
  const files = lines.map((line) =>
    shaped(fileSchema, parseJson(line, listFile, root), listFile, root),
  );
  requireOwnPaths(manifest, files);
  const signed = await readFile(path.join(root, signatureFile), 'utf8').catch(() => null);
  return { manifest, files, signature: judgeSignature(signed, text, signer) };
}

function parseJson(text: string, name: string, root: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BackupError(`${name} of ${root} is no JSON`);
  }
}

function shaped<T>(schema: z.ZodType<T>, value: unknown, name: string, root: string): T {
  const { data, error } = schema.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const where = issue?.path.join('.') ?? '';
  throw new BackupError(`${name} of ${root}: ${where}: ${issue?.message ?? 'not as it should be'}`);
}

/**
 * Opens a file of a backup, through no link. What flows out of it fails at its end where it is not what the list says: also
 * one that is changed after all of the backup was verified is found out.
 * @throws BackupError for one that cannot be read or is no file
 */
export async function openBackedUp(root: string, file: BackedUpFile): Promise<Readable> {
  const place = path.join(await realpath(root), file.path);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    if ((await realpath(place)) !== place) throw unreadable(root, file, 'a link');
    const handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!(await handle.stat()).isFile()) {
      await handle.close();
      throw unreadable(root, file, 'no file');
    }
    const differs = () =>
      new BackupError(`${file.path} of ${root} was changed or damaged: its sum differs`);
    const check = new Summing((digest) => (digest === file.sha256 ? null : differs()));
    return connect(handle.createReadStream(), check, () => undefined);
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw unreadable(root, file, (error as NodeJS.ErrnoException).code ?? 'not readable');
  }
}

function unreadable(root: string, file: BackedUpFile, reason: string): BackupError {
  return new BackupError(`${file.path} of ${root} cannot be read (${reason})`);
}

/** Reads every file of a backup and compares it with its sum. @throws BackupError naming the first that differs */
export async function checkFiles(root: string, files: readonly BackedUpFile[]): Promise<void> {
  for (const file of files) {
    const source = await openBackedUp(root, file);
    await finished(source.resume());
  }
}

const verifiedFile = 'verified-at';

/**
 * Notes in a backup when every file of it was last found whole; null where one was not. Nobody relies on it but who looks
 * at a list: a backup that cannot be written to is as good a backup.
 */
export async function noteVerified(root: string, at: Date | null): Promise<void> {
  const file = path.join(root, verifiedFile);
  const note = async () => {
    // Made anew each time: one that is there may be a link to a file of ours.
    await rm(file, { force: true });
    if (at !== null) await writeFile(file, at.toISOString(), { mode: 0o600, flag: 'wx' });
  };
  await note().catch(() => undefined);
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
  /** null: it is no whole backup */
  signature: Signature | null;
  problem: string | null;
}

/**
 * Backups that lie in a folder, by name. It reads what they say of themselves, not all that is in them.
 * @throws BackupError where there is no such folder
 */
export async function listBackups(folder: string, signer: Signer | null): Promise<ListedBackup[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new BackupError(`${folder} cannot be read: name the folder that holds the backups`);
  });
  const listed: ListedBackup[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const root = path.join(folder, name);
    const isDraft = name.endsWith('.part');
    if (!isDraft && !existsSync(path.join(root, manifestFile))) continue;
    listed.push(
      isDraft
        ? notWhole(name, 'interrupted, or being made now')
        : await describeBackup(root, name, signer),
    );
  }
  return listed.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const notWhole = (name: string, problem: string): ListedBackup => ({
  ...{
    name,
    problem,
    createdAt: null,
    bytes: 0,
    repositories: 0,
    verifiedAt: null,
    signature: null,
  },
});

async function describeBackup(
  root: string,
  name: string,
  signer: Signer | null,
): Promise<ListedBackup> {
  try {
    const { manifest, files, signature } = await readBackup(root, signer);
    const verifiedAt = await readFile(path.join(root, verifiedFile), 'utf8').catch(() => null);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const { createdAt, repositories } = manifest;
    const count = repositories.length;
    return { name, createdAt, bytes, repositories: count, verifiedAt, signature, problem: null };
  } catch (error) {
    return notWhole(name, error instanceof Error ? error.message : String(error));
  }
}
