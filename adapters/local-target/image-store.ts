import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Readable, Writable } from 'node:stream';
import type { ImageRef } from '../../contracts/deploy/image-ref.ts';
import type { ImageSource } from '../../contracts/deploy/image-source.ts';
import { DomainError } from '../../contracts/problems.ts';
import { foreignWords } from '../../contracts/shared/foreign-words.ts';
import { inFolder } from '../files/folder.ts';
import type { Contain } from '../workspace/workspace-store.ts';
import { removeTree } from '../workspace/trees.ts';
import { checkTree } from './image-tree.ts';
import { openLayerOwners } from './layer-owners.ts';

/** An unpacked artifact: read-only, shared by all replicas that run it. */
export interface Layer {
  /** relative to the target's root; holds `workspace` */
  path: string;
  /** name of the only file, when the artifact is not an archive */
  file: string | null;
}

export interface ImageStore {
  /**
   * Fetches, checks and unpacks an image, once. Whether it is the project's is asked each time, unpacked or not.
   * `validation_failed` when it is not the project's, or not what its name says.
   */
  get(image: ImageRef, projectId: string): Promise<Layer>;
  /** Takes what ran for a project before owners were noted for the project's. */
  inherit(image: ImageRef, projectId: string): Promise<void>;
  /** Removes what is in no digest of `used`. */
  sweep(used: ReadonlySet<string>): Promise<void>;
}

export interface ImageStoreOptions {
  root: string;
  source: ImageSource;
  contain: Contain;
  /** makes a folder that the sandbox's user owns */
  own(dir: string): Promise<void>;
  /** of the artifact and of what it unpacks to, bytes */
  maxBytes: number;
}

/** Layers lie in `<root>/layers/<sha256>`; half-made ones begin with a dot and go with the next opening. */
export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const folder = join(options.root, 'layers');
  await mkdir(folder, { recursive: true, mode: 0o711 });
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) await removeTree(join(folder, name));
  }
  const under = new Map<string, Promise<Layer>>();
  const owners = openLayerOwners(folder, options.source);
  const make = (image: ImageRef, projectId: string): Promise<Layer> => {
    const running = under.get(image.sha256);
    if (running !== undefined) return running;
    const made = makeLayer(options, folder, image, projectId);
    under.set(image.sha256, made);
    return made.finally(() => under.delete(image.sha256));
  };
  return {
    get: async (image, projectId) => {
      await owners.require(image, projectId);
      const layer = await make(image, projectId);
      await owners.note(image, projectId);
      return layer;
    },
    inherit: (image, projectId) => owners.inherit(image, projectId),
    sweep: async (used) => {
      for (const name of await readdir(folder)) {
        if (used.has(name) || name.startsWith('.') || under.has(name)) continue;
        const gone = join(folder, `.${name}-${randomBytes(4).toString('hex')}`);
        await rename(join(folder, name), gone);
        await removeTree(gone);
      }
    },
  };
}

async function makeLayer(
  options: ImageStoreOptions,
  folder: string,
  image: ImageRef,
  projectId: string,
): Promise<Layer> {
  const target = join(folder, image.sha256);
  const path = join('layers', image.sha256);
  const known = await readFile(join(target, 'layer.json'), 'utf8').catch(() => null);
  if (known !== null) return { path, file: (JSON.parse(known) as { file: string | null }).file };
  const fresh = join(folder, `.${image.sha256}-${randomBytes(4).toString('hex')}`);
  await mkdir(fresh, { mode: 0o711 });
  try {
    const bytes = join(fresh, 'artifact');
    await fetch(options, image, projectId, bytes);
    const file = await unpack(options, image, bytes, join(fresh, 'workspace'));
    await rm(bytes);
    await writeFile(join(fresh, 'layer.json'), JSON.stringify({ file, image: image.text }));
    await rename(fresh, target);
    return { path, file };
  } catch (error) {
    await removeTree(fresh);
    throw error;
  }
}

async function fetch(
  options: ImageStoreOptions,
  image: ImageRef,
  projectId: string,
  to: string,
): Promise<void> {
  const hash = createHash('sha256');
  const source = await options.source.open(image, projectId);
  const check = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of chunks) {
      size += chunk.length;
      if (size > options.maxBytes) throw tooLarge(image, options.maxBytes);
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(source, check, createWriteStream(to, { mode: 0o600 }));
  if (hash.digest('hex') === image.sha256) return;
  throw new DomainError(
    'validation_failed',
    `The bytes of ${image.text} do not have the digest in its name.`,
  );
}

/** The name of the only file, or null for a tree. */
async function unpack(
  options: ImageStoreOptions,
  image: ImageRef,
  bytes: string,
  tree: string,
): Promise<string | null> {
  await options.own(tree);
  const zipped = (await head(bytes, 2)).equals(Buffer.from([0x1f, 0x8b]));
  const isTar = await looksLikeTar(bytes, zipped);
  if (!isTar) {
    const name = basename(image.name);
    await chmod(bytes, 0o755);
    await inFolder(tree, (folder) => folder.take(bytes, name));
    await writeFile(bytes, '');
    return name;
  }
  // The archive is foreign: it is unpacked in a sandbox, where a link or a `..` in it has nowhere to lead.
  const { code, output } = await options.contain({
    directory: tree,
    script: 'exec tar -xf - --no-same-owner --no-same-permissions\n',
    feed: (stdin) => feed(bytes, zipped, stdin, image, options.maxBytes),
    timeoutMs: 300_000,
    diskBytes: options.maxBytes,
  });
  if (code !== 0) {
    const why = foreignWords(output);
    throw new DomainError('validation_failed', `${image.text} could not be unpacked: ${why}`);
  }
  await checkTree(tree, image.text);
  return null;
}

async function feed(
  bytes: string,
  zipped: boolean,
  stdin: Writable,
  image: ImageRef,
  maxBytes: number,
): Promise<void> {
  let size = 0;
  const cap = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      size += chunk.length;
      // tar fails on the archive that ends too early, and what was unpacked is thrown away.
      if (size > maxBytes) throw tooLarge(image, maxBytes);
      yield chunk;
    }
  };
  const source: Readable = createReadStream(bytes);
  if (zipped) await pipeline(source, createGunzip(), cap, stdin);
  else await pipeline(source, cap, stdin);
}

async function looksLikeTar(bytes: string, zipped: boolean): Promise<boolean> {
  if (!zipped) return isTarHeader(await head(bytes, 512));
  const source = createReadStream(bytes);
  const gunzip = source.pipe(createGunzip());
  // `pipe` passes neither an error on nor the end of the reading back.
  source.once('error', (error) => gunzip.destroy(error));
  const parts: Buffer[] = [];
  try {
    for await (const chunk of gunzip) {
      parts.push(chunk as Buffer);
      if (Buffer.concat(parts).length >= 512) break;
    }
  } catch {
    return false;
  } finally {
    source.destroy();
  }
  return isTarHeader(Buffer.concat(parts));
}

function isTarHeader(block: Buffer): boolean {
  return block.length >= 512 && block.subarray(257, 262).toString('latin1') === 'ustar';
}

async function head(file: string, count: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function tooLarge(image: ImageRef, maxBytes: number): DomainError {
  const limit = Math.round(maxBytes / 1024 ** 2);
  return new DomainError('validation_failed', `${image.text} is larger than ${limit} MiB.`);
}
