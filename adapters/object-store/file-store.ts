import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '../../contracts/problems.ts';
import { checkKey, checkRange, Meter } from './keys.ts';
import type { ByteRange, ObjectStore, PutResult } from './object-store.ts';

/**
 * Objects as files: `<root>/objects/<shard>/<key with / as !>`. Keys cannot hold `!`, so the name can be read back, no key is a
 * folder of another one, and 4096 shards keep folders small.
 */
export function createFileStore(root: string): ObjectStore {
  const objects = join(root, 'objects');
  const uploads = join(root, 'uploads');
  const fileOf = (key: string): string => {
    const shard = createHash('sha256').update(checkKey(key)).digest('hex').slice(0, 3);
    return join(objects, shard, nameOf(key));
  };
  return {
    put: async (key, body) => {
      const file = fileOf(key);
      await mkdir(uploads, { recursive: true });
      await mkdir(dirname(file), { recursive: true });
      return putFile(join(uploads, randomBytes(12).toString('hex')), file, body);
    },
    get: async (key, range) => readObject(fileOf(key), range),
    head: async (key) => {
      const info = await orNull(stat(fileOf(key)));
      return info === null ? null : { bytes: info.size };
    },
    delete: async (key) => {
      await rm(fileOf(key), { force: true });
    },
    list: (prefix) => listObjects(objects, prefix),
  };
}

/** A long key would be too long for a file's name, so it is cut into folders of the shard. */
function nameOf(key: string): string {
  const name = key.replaceAll('/', '!');
  return (name.match(/.{1,200}/g) ?? []).join('~/');
}

async function putFile(upload: string, file: string, body: Readable | Buffer): Promise<PutResult> {
  const meter = new Meter();
  const source = Buffer.isBuffer(body) ? Readable.from([body], { objectMode: false }) : body;
  try {
    await pipeline(
      source,
      meter,
      createWriteStream(upload, { flags: 'wx', mode: 0o600, flush: true }),
    );
    await mkdir(dirname(file), { recursive: true });
    await rename(upload, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(upload, { force: true });
    if (codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT') {
      throw new DomainError('disk_full', 'The object store has no space left.', { cause: error });
    }
    throw error;
  }
  return meter.result();
}

/** The new name must survive a power cut too, which only a sync of the folder promises. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function readObject(file: string, range?: ByteRange): Promise<Readable | null> {
  const { start, end } = checkRange(range ?? { start: 0 });
  // Opened at once, so that a later delete or replacement does not reach a reader.
  const handle = await orNull(open(file, 'r'));
  if (handle === null) return null;
  const { size } = await handle.stat();
  if (start >= size) {
    await handle.close();
    return Readable.from([], { objectMode: false });
  }
  return createReadStream(file, { fd: handle, start, end: Math.min(end ?? size, size - 1) });
}

async function* listObjects(objects: string, prefix: string): AsyncGenerator<string> {
  const start = prefix.replaceAll('/', '!');
  const walk = async function* (path: string, name: string): AsyncGenerator<string> {
    const folder = await orNull(opendir(path));
    if (folder === null) return;
    for await (const entry of folder) {
      const whole = name + entry.name;
      if (entry.isDirectory()) yield* walk(join(path, entry.name), whole.slice(0, -1));
      else if (whole.startsWith(start)) yield whole.replaceAll('!', '/');
    }
  };
  const shards = await orNull(opendir(objects));
  if (shards === null) return;
  for await (const shard of shards) yield* walk(join(objects, shard.name), '');
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : undefined;
}
