import { createHash } from 'node:crypto';
import { extname } from 'node:path/posix';
import type { Readable } from 'node:stream';
import type { Artifact, PrismaClient } from '../../prisma/generated/client.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';

export interface ArtifactInput {
  pipelineId: string;
  stepName: string;
  /** as declared in the definition; several files may share it */
  name: string;
  /** inside the workspace, already masked */
  path: string;
  body: Readable | Buffer;
  /** permission bits */
  mode?: number;
  /** null = kept as long as the run */
  expiresAt: Date | null;
}

/**
 * Streams one file of a step to the object store and records it. The same file of the same step again (its activity
 * was repeated) replaces what was there.
 */
export async function storeArtifact(
  db: PrismaClient,
  store: BlobStore,
  input: ArtifactInput,
): Promise<Artifact> {
  const { pipelineId, stepName, name, path, body, mode = null, expiresAt } = input;
  const key = artifactKey(input);
  const contentType = contentTypeOf(path);
  const { bytes, sha256 } = await store.put(key, body, { contentType });
  const size = { sizeBytes: BigInt(bytes), blobOffset: null };
  const stored = { minioPath: key, sha256, contentType, ...size, mode, expiresAt };
  return await inTransaction(db, async (tx) => {
    const artifact = await tx.artifact.upsert({
      where: { pipelineId_stepName_name_path: { pipelineId, stepName, name, path } },
      create: { id: newId('artifact'), pipelineId, stepName, name, path, ...stored },
      update: stored,
      include: { pipeline: { select: { projectId: true, changeId: true } } },
    });
    const { pipeline, ...row } = artifact;
    await publishEvent(tx, {
      type: 'artifact.stored',
      projectId: pipeline.projectId,
      changeId: pipeline.changeId,
      subjectId: row.id,
      message: `${name}: ${path}`,
      payload: { pipelineId, step: stepName, name, path, sha256, sizeBytes: bytes },
    });
    return row;
  });
}

/** Made of what names the file, so that a repeated activity leaves no orphan; never of the path as it is. */
export function artifactKey({
  pipelineId,
  stepName,
  name,
  path,
}: Pick<ArtifactInput, 'pipelineId' | 'stepName' | 'name' | 'path'>): string {
  const digest = createHash('sha256').update([stepName, name, path].join('\0')).digest('hex');
  return `artifacts/${pipelineId}/${digest.slice(0, 32)}`;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.gif': 'image/gif',
  '.gz': 'application/gzip',
  '.htm': 'text/html; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.jar': 'application/java-archive',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.log': 'text/plain; charset=utf-8',
  '.map': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tar': 'application/x-tar',
  '.tgz': 'application/gzip',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webp': 'image/webp',
  '.xml': 'application/xml',
  '.yaml': 'application/yaml',
  '.yml': 'application/yaml',
  '.zip': 'application/zip',
};

/** By the name's ending; the content is never looked at, and never shown inside our own pages. */
export function contentTypeOf(path: string): string {
  return contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
}
