import { Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';
import { DomainError } from '../../contracts/problems.ts';
import type { Artifact } from '../../prisma/generated/client.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import type { Db } from '../shared/db.ts';
import { wholeBody } from '../shared/whole-body.ts';
import { alive } from './find-artifacts.ts';

/** Content of one artifact; null when its object is gone. */
export async function openArtifact(
  store: BlobStore,
  artifact: Pick<Artifact, 'minioPath' | 'blobOffset' | 'sizeBytes'>,
): Promise<Readable | null> {
  const { minioPath, blobOffset, sizeBytes } = artifact;
  if (blobOffset === null) return await store.get(minioPath);
  if (sizeBytes === 0n) return Readable.from([], { objectMode: false });
  const start = Number(blobOffset);
  return await store.get(minioPath, { start, end: start + Number(sizeBytes ?? 0n) - 1 });
}

const rowsAtOnce = 2000;
const pieceBytes = 256 * 1024;
const groupBytes = 8n * 1024n * 1024n;

/** All files that a step stored under one name. */
export interface SetOfFiles {
  pipelineId: string;
  stepName: string;
  name: string;
}

/**
 * A set as one `.tar.gz`, made while it is read. What goes wrong on the way ends the stream with an error.
 * @throws DomainError `not_found` when there is nothing of it, or it has expired
 */
export async function archiveArtifacts(
  db: Db,
  store: BlobStore,
  set: SetOfFiles,
): Promise<Readable> {
  const page = (after: string): Promise<Artifact[]> =>
    db.artifact.findMany({
      // In the order in which they were stored: what shares an object lies there one behind the other.
      where: { AND: [set, alive(), { id: { gt: after } }] },
      orderBy: { id: 'asc' },
      take: rowsAtOnce,
    });
  const first = await page('');
  if (first.length === 0)
    throw new DomainError('not_found', 'There is no such artifact, or it has expired.');
  const archive = pack();
  const zipped = createGzip({ level: constants.Z_BEST_SPEED });
  const add = async (): Promise<void> => {
    for (let rows = first; rows.length > 0; rows = await page(rows.at(-1)?.id ?? '')) {
      for (const group of neighbours(rows)) {
        if (zipped.destroyed) return;
        await addGroup(archive, store, group);
      }
    }
    archive.finalize();
  };
  // Whoever reads sees the error of the stream that he has.
  pipeline(Readable.from(inPieces(archive), { objectMode: false }), zipped).catch(() =>
    archive.destroy(new Error('nobody reads it any more')),
  );
  add().catch((error: unknown) => zipped.destroy(error as Error));
  return zipped;
}

/** Rows that are read at once: what lies behind one another in one object, up to a few MiB. */
function neighbours(rows: readonly Artifact[]): Artifact[][] {
  const groups: Artifact[][] = [];
  let bytes = 0n;
  for (const row of rows) {
    const before = groups.at(-1)?.at(-1);
    const end = (before?.blobOffset ?? 0n) + (before?.sizeBytes ?? 0n);
    const isNext =
      row.blobOffset !== null && before?.minioPath === row.minioPath && row.blobOffset === end;
    if (isNext && bytes < groupBytes) groups.at(-1)?.push(row);
    else {
      groups.push([row]);
      bytes = 0n;
    }
    bytes += row.sizeBytes ?? 0n;
  }
  return groups;
}

async function addGroup(archive: Pack, store: BlobStore, rows: readonly Artifact[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const sizeBytes = rows.reduce((sum, row) => sum + (row.sizeBytes ?? 0n), 0n);
  const body = await openArtifact(store, { ...first, sizeBytes });
  if (body === null) throw new Error(`the object of ${first.id} is gone`);
  if (rows.length === 1) return await addFile(archive, first, body);
  const bytes = await wholeBody(body);
  let at = 0;
  let written: Promise<void> = Promise.resolve();
  for (const row of rows) {
    const end = at + Number(row.sizeBytes ?? 0n);
    // Waited for once: that the last one is written says that all are.
    written = added(archive.entry(headerOf(row), bytes.subarray(at, end)));
    written.catch(() => undefined);
    at = end;
  }
  await written;
}

async function addFile(archive: Pack, row: Artifact, body: Readable): Promise<void> {
  const entry = archive.entry(headerOf(row));
  const written = added(entry);
  // It fails while we wait for the body where the reader goes away: nobody listening would end the process.
  written.catch(() => undefined);
  try {
    for await (const chunk of body) {
      if (archive.destroyed) throw new Error('nobody reads it any more');
      if (!entry.write(chunk)) await Promise.race([drained(entry), written]);
    }
    entry.end(undefined);
    await written;
  } finally {
    body.destroy();
  }
}

function headerOf({ path, sizeBytes, mode, createdAt }: Artifact) {
  const size = Number(sizeBytes ?? 0n);
  return { name: nameInArchive(path), size, mode: mode ?? 0o644, mtime: createdAt };
}

function added(entry: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    entry.once('close', resolve).once('error', reject);
  });
}

/** What small files come in is many small parts, and each would be compressed by a task of its own. */
async function* inPieces(archive: Pack): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const part of archive as AsyncIterable<Buffer>) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

function drained(entry: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    entry.once('drain', resolve).once('close', resolve);
  });
}

/** Names are strangers': none leads out of the folder that the archive is unpacked in. */
function nameInArchive(path: string): string {
  const parts = path.split('/').filter((part) => !['', '.', '..'].includes(part));
  return parts.join('/') || 'file';
}
