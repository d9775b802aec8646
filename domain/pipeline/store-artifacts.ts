import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvents } from '../event/publish-event.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { newId } from '../shared/new-id.ts';
import { storableText } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';
import { artifactKey, contentTypeOf, storeArtifact } from './store-artifact.ts';

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
const smallBytes = 256 * 1024;
const sharedBytes = 64 * 1024 * 1024;
const pieceBytes = 1024 * 1024;
const rowsAtOnce = 1000;

interface Part {
  path: string;
  offset: number;
  bytes: number;
  mode: number;
  sha256: string;
}

/**
 * Streams the files of a set to the object store and records them. The same set again (its activity was repeated) replaces
 * what was there.
 * @param files one after another; each is read before the next is asked for
 * @returns how many there were
 */
export async function storeArtifacts(
  db: PrismaClient,
  store: BlobStore,
  set: ArtifactSet,
  files: AsyncIterable<ArtifactFile>,
): Promise<number> {
  const source = new Ahead(files[Symbol.asyncIterator]());
  let count = 0;
  let shared = 0;
  for (let file = await source.look(); file !== null; file = await source.look()) {
    if (file.size > smallBytes) {
      await source.take();
      await storeArtifact(db, store, { ...set, ...file, body: file.stream });
      count += 1;
      continue;
    }
    // Read now: asking whether there is a second one ends its stream.
    const first = { ...file, stream: Readable.from([await buffer(file.stream)]) };
    await source.take();
    if ((await source.look()) === null && count === 0) {
      await storeArtifact(db, store, { ...set, ...first, body: first.stream });
      return 1;
    }
    count += await storeShared(db, store, set, { first, source, index: shared });
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

/** Small files, one behind the other, as one object. */
async function storeShared(
  db: PrismaClient,
  store: BlobStore,
  set: ArtifactSet,
  { first, source, index }: { first: ArtifactFile; source: Ahead; index: number },
): Promise<number> {
  const key = artifactKey({ ...set, path: `\0shared ${String(index)}` });
  // What an attempt before this one stored there would be read at the wrong place.
  await db.artifact.deleteMany({ where: { minioPath: key } });
  const parts = new Map<string, Part>();
  let count = 0;
  const body = async function* (): AsyncGenerator<Buffer> {
    const waiting: Buffer[] = [];
    let waitingBytes = 0;
    let offset = 0;
    let file: ArtifactFile | null = first;
    while (file !== null) {
      const content = await buffer(file.stream);
      const { path, mode } = file;
      const sha256 = createHash('sha256').update(content).digest('hex');
      // Names that differ only in what was masked are one: the later counts.
      parts.set(path, { path, mode, offset, bytes: content.length, sha256 });
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
  const all = [...parts.values()];
  for (let at = 0; at < all.length; at += rowsAtOnce)
    await record(db, set, key, all.slice(at, at + rowsAtOnce));
  return count;
}

async function record(
  db: PrismaClient,
  set: ArtifactSet,
  key: string,
  parts: readonly Part[],
): Promise<void> {
  const { pipelineId, stepName, name, expiresAt } = set;
  const rows = parts.map((part) => ({
    ...{ ...part, id: newId('artifact'), path: storableText(part.path) },
    contentType: contentTypeOf(part.path),
  }));
  await inTransaction(db, async (tx) => {
    const { projectId, changeId } = await tx.pipeline.findUniqueOrThrow({
      where: { id: pipelineId },
      select: { projectId: true, changeId: true },
    });
    await tx.$executeRaw`
      INSERT INTO artifacts (id, pipeline_id, step_name, name, path, minio_path, blob_offset, size_bytes, mode, sha256,
        content_type, expires_at)
      SELECT id, ${pipelineId}, ${stepName}, ${name}, path, ${key}, "offset", bytes, mode, sha256, "contentType",
        ${expiresAt}::timestamptz
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS given(id text, path text, "offset" int8, bytes int8,
        mode int4, sha256 text, "contentType" text)
      ON CONFLICT (pipeline_id, step_name, name, path) DO UPDATE SET id = EXCLUDED.id, minio_path = EXCLUDED.minio_path,
        blob_offset = EXCLUDED.blob_offset, size_bytes = EXCLUDED.size_bytes, mode = EXCLUDED.mode,
        sha256 = EXCLUDED.sha256, content_type = EXCLUDED.content_type, expires_at = EXCLUDED.expires_at`;
    await publishEvents(
      tx,
      rows.map(({ id, path, sha256, bytes }) => ({
        ...{ type: 'artifact.stored' as const, projectId, changeId, subjectId: id },
        message: `${name}: ${path}`,
        payload: { pipelineId, step: stepName, name, path, sha256, sizeBytes: bytes },
      })),
    );
  });
}
