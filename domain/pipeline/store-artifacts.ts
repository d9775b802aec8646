import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { newId } from '../shared/new-id.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { wholeBody } from '../shared/whole-body.ts';
import { tellOfArtifacts } from './artifact-events.ts';
import { artifactKey, contentTypeOf } from './artifact-object.ts';

/** What one step declared under one name. */
export interface ArtifactSet {
  pipelineId: string;
  stepName: string;
  name: string;
  /** null = kept as long as the run */
  expiresAt: Date | null;
}

export interface ArtifactFile {
  /** inside the workspace, already masked */
  path: string;
  size: number;
  mode: number;
  stream: Readable;
}

/** Smaller files share an object: each of its own would cost a write to the disk, or a request, of its own. */
const smallBytes = 1024 * 1024;
const sharedBytes = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;
const rowsAtOnce = 2000;

/** A file that lies in the object store; no row knows of it yet. */
interface StoredFile {
  path: string;
  mode: number;
  key: string;
  /** where it begins in an object that several share; null: the object is its own */
  offset: number | null;
  bytes: number;
  sha256: string;
}

/** A set on its way into the store. */
interface Storing {
  store: BlobStore;
  set: ArtifactSet;
  source: Ahead;
  /** of every object that was begun */
  keys: Set<string>;
  /** by path: names that differ only in what was masked are one, and the later counts */
  stored: Map<string, StoredFile>;
}

/**
 * Streams the files of a set to the object store and records them, all at once when the last of them is there: nobody ever
 * sees half of an artifact. The same set again (its activity was repeated) replaces what was there.
 * @param files one after another; each is read before the next is asked for
 * @returns how many there were
 */
export async function storeArtifacts(
  db: PrismaClient,
  store: BlobStore,
  set: ArtifactSet,
  files: AsyncIterable<ArtifactFile>,
): Promise<number> {
  await dropSet(db, store, set);
  const source = new Ahead(files[Symbol.asyncIterator]());
  const storing: Storing = { store, set, source, keys: new Set(), stored: new Map() };
  try {
    const count = await storeFiles(storing);
    if (count > 0) await record(db, set, [...storing.stored.values()]);
    return count;
  } catch (error) {
    // What cannot be taken back now is replaced when the step is tried again; the failure that led here is the one to tell.
    await dropSet(db, store, set, storing.keys).catch(() => undefined);
    throw error;
  }
}

/** Rows first: one whose object is gone would be a file that cannot be read. */
async function dropSet(
  db: PrismaClient,
  store: BlobStore,
  { pipelineId, stepName, name }: ArtifactSet,
  begun: Iterable<string> = [],
): Promise<void> {
  const where = { pipelineId, stepName, name };
  const keys = new Set(begun);
  const rows = await db.artifact.groupBy({ by: ['minioPath'], where });
  for (const { minioPath } of rows) keys.add(minioPath);
  if (rows.length > 0) await db.artifact.deleteMany({ where });
  for (const key of keys) await store.delete(key);
}

async function storeFiles(storing: Storing): Promise<number> {
  const { source } = storing;
  let count = 0;
  let shared = 0;
  for (let file = await source.look(); file !== null; file = await source.look()) {
    if (file.size > smallBytes) {
      await source.take();
      await storeAlone(storing, file);
      count += 1;
      continue;
    }
    // Read now: asking whether there is a second one ends its stream.
    const first = { ...file, stream: Readable.from([await wholeBody(file.stream)]) };
    await source.take();
    if ((await source.look()) === null && count === 0) {
      await storeAlone(storing, first);
      return 1;
    }
    count += await storeShared(storing, first, shared);
    shared += 1;
  }
  return count;
}

/** Looks at what comes next before it is taken. */
class Ahead {
  readonly #files: AsyncIterator<ArtifactFile>;
  #next: ArtifactFile | null | undefined;

  constructor(files: AsyncIterator<ArtifactFile>) {
    this.#files = files;
  }

  async look(): Promise<ArtifactFile | null> {
    if (this.#next === undefined) {
      const next = await this.#files.next();
      this.#next = next.done === true ? null : next.value;
    }
    return this.#next;
  }

  async take(): Promise<ArtifactFile | null> {
    const next = await this.look();
    if (next !== null) this.#next = undefined;
    return next;
  }
}

async function storeAlone(
  { store, set, keys, stored }: Storing,
  { path, mode, stream }: ArtifactFile,
): Promise<void> {
  const key = artifactKey({ ...set, path });
  keys.add(key);
  const contentType = contentTypeOf(path);
  const { bytes, sha256 } = await store.put(key, stream, { contentType });
  keep(stored, { path, mode, key, offset: null, bytes, sha256 });
}

/** Small files, one behind the other, as one object. */
async function storeShared(
  { store, set, source, keys, stored }: Storing,
  first: ArtifactFile,
  index: number,
): Promise<number> {
  const key = artifactKey({ ...set, path: `\0shared ${String(index)}` });
  keys.add(key);
  let count = 0;
  const body = async function* (): AsyncGenerator<Buffer> {
    const waiting: Buffer[] = [];
    let waitingBytes = 0;
    let offset = 0;
    let file: ArtifactFile | null = first;
    while (file !== null) {
      const content = await wholeBody(file.stream);
      const { path, mode } = file;
      const sha256 = createHash('sha256').update(content).digest('hex');
      keep(stored, { path, mode, key, offset, bytes: content.length, sha256 });
      count += 1;
      offset += content.length;
      waiting.push(content);
      waitingBytes += content.length;
      // Each piece is a write of its own, or a message: thousands of small ones take longer than all else here.
      if (waitingBytes >= pieceBytes) {
        yield Buffer.concat(waiting.splice(0));
        waitingBytes = 0;
      }
      const next = await source.look();
      const fits = next !== null && next.size <= smallBytes && offset + next.size <= sharedBytes;
      file = fits ? await source.take() : null;
    }
    if (waitingBytes > 0) yield Buffer.concat(waiting);
  };
  await store.put(key, Readable.from(body(), { objectMode: false }));
  return count;
}

function keep(stored: Map<string, StoredFile>, file: StoredFile): void {
  const path = storableText(file.path);
  stored.set(path, { ...file, path });
}

async function record(
  db: PrismaClient,
  set: ArtifactSet,
  stored: readonly StoredFile[],
): Promise<void> {
  const { pipelineId, stepName, name } = set;
  const files = stored.map((file) => ({ ...file, id: newId('artifact') }));
  await inTransaction(db, async (tx) => {
    // Held, so that an attempt that should be over by now does not write its files between ours.
    const [run] = await tx.$queryRaw<{ projectId: string; changeId: string }[]>`
      SELECT project_id AS "projectId", change_id AS "changeId" FROM pipelines WHERE id = ${pipelineId}
      FOR NO KEY UPDATE`;
    if (run === undefined) throw new Error(`the run ${pipelineId} is gone`);
    await tx.artifact.deleteMany({ where: { pipelineId, stepName, name } });
    for (let at = 0; at < files.length; at += rowsAtOnce)
      await insert(tx, set, files.slice(at, at + rowsAtOnce));
    const told = files.map((file) => ({ ...file, ...run, pipelineId, stepName, name }));
    await tellOfArtifacts(tx, 'artifact.stored', told);
  });
}

/** By hand, since Prisma takes longer to put a thousand rows together than Postgres to write them. */
async function insert(
  tx: Prisma.TransactionClient,
  { pipelineId, stepName, name, expiresAt }: ArtifactSet,
  files: readonly (StoredFile & { id: string })[],
): Promise<void> {
  const column = <Name extends keyof (typeof files)[number]>(of: Name) =>
    files.map((file) => file[of]);
  await tx.$executeRaw`
    INSERT INTO artifacts (id, pipeline_id, step_name, name, path, minio_path, blob_offset, size_bytes, mode, sha256,
      content_type, expires_at)
    SELECT given.id, ${pipelineId}, ${stepName}, ${name}, given.path, given.key, given.begins, given.bytes, given.mode,
      given.sha256, given.type, ${expiresAt}::timestamptz
    FROM unnest(${column('id')}::text[], ${column('path')}::text[], ${column('key')}::text[],
      ${column('offset')}::int8[], ${column('bytes')}::int8[], ${column('mode')}::int4[], ${column('sha256')}::text[],
      ${files.map(({ path }) => contentTypeOf(path))}::text[])
      AS given(id, path, key, begins, bytes, mode, sha256, type)`;
}
