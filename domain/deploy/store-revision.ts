import { createHash, randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { keptRevisions } from '../../contracts/deploy/types.ts';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  Deployment,
  DeploymentRevision,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import type { BlobStore } from '../shared/blob-store.ts';
import { newId } from '../shared/new-id.ts';
import { canonicalJson } from '../shared/storable-json.ts';
import { inTransaction } from '../shared/tx.ts';

/**
 * Keeps rendered manifests: object first, then the row. The same content is the same revision, so a commit that changes
 * nothing in the manifests makes none, and a bad revision is known again however it comes back.
 */
export async function storeRevision(
  db: PrismaClient,
  store: BlobStore,
  deployment: Deployment,
  rendered: { manifests: readonly Manifest[]; opsRepoSha: string | null; commitSha: string | null },
): Promise<DeploymentRevision> {
  const body = canonicalJson(rendered.manifests);
  const contentKey = createHash('sha256').update(body).digest('hex');
  const manifestsRef = `manifests/${deployment.id}/${contentKey}.json`;
  const key = { deploymentId_contentKey: { deploymentId: deployment.id, contentKey } };
  const known = await db.deploymentRevision.findUnique({ where: key });
  if (known !== null) return await keepAgain(db, store, known, body);
  await store.put(manifestsRef, Buffer.from(body), { contentType: 'application/json' });
  return await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM deployments WHERE id = ${deployment.id} FOR UPDATE`;
    const raced = await tx.deploymentRevision.findUnique({ where: key });
    if (raced !== null) return raced;
    const last = await tx.deploymentRevision.aggregate({
      where: { deploymentId: deployment.id },
      _max: { number: true },
    });
    return await tx.deploymentRevision.create({
      data: {
        id: newId('deploymentRevision'),
        deploymentId: deployment.id,
        number: (last._max.number ?? 0) + 1,
        contentKey,
        imageRef: deployment.imageRef,
        opsRepoSha: rendered.opsRepoSha,
        commitSha: rendered.commitSha,
        changeId: deployment.changeId,
        pipelineId: deployment.pipelineId,
        manifestsRef,
        createdBy: deployment.deployedBy,
      },
    });
  });
}

/**
 * What was trimmed is rendered again: it gets its manifests back, under a key that no late trimming knows, and its row
 * and its verdict stay what they were.
 */
async function keepAgain(
  db: PrismaClient,
  store: BlobStore,
  revision: DeploymentRevision,
  body: string,
): Promise<DeploymentRevision> {
  if (revision.trimmedAt === null) return revision;
  const { deploymentId, contentKey } = revision;
  const manifestsRef = `manifests/${deploymentId}/${contentKey}/${randomUUID()}.json`;
  await store.put(manifestsRef, Buffer.from(body), { contentType: 'application/json' });
  const kept = await db.deploymentRevision.updateMany({
    where: { id: revision.id, trimmedAt: { not: null } },
    data: { manifestsRef, trimmedAt: null },
  });
  if (kept.count === 0) await store.delete(manifestsRef);
  return await db.deploymentRevision.findUniqueOrThrow({ where: { id: revision.id } });
}

/**
 * The manifests of a revision, as they were rendered.
 * @throws DomainError `not_found` when they are kept no more, `unavailable` when the store lost them
 */
export async function readRevision(
  store: BlobStore,
  revision: Pick<DeploymentRevision, 'manifestsRef' | 'number' | 'trimmedAt'>,
): Promise<Manifest[]> {
  if (revision.trimmedAt !== null) {
    throw new DomainError(
      'not_found',
      `The manifests of revision ${String(revision.number)} are kept no more.`,
    );
  }
  const body = await store.get(revision.manifestsRef);
  if (body === null) {
    throw new DomainError(
      'unavailable',
      `The manifests of revision ${String(revision.number)} are not in the object store.`,
    );
  }
  return JSON.parse(await text(body)) as Manifest[];
}

/**
 * Removes the manifests of what is over the newest good revisions that are kept; nothing that serves, is pinned, or is in
 * quarantine. Rows stay: syncs and history name them.
 */
export async function trimRevisions(
  db: PrismaClient,
  store: BlobStore,
  deploymentId: string,
): Promise<number> {
  const old = await db.deploymentRevision.findMany({
    where: { deploymentId, status: 'good', trimmedAt: null },
    orderBy: { goodAt: 'desc' },
    skip: keptRevisions,
  });
  let trimmed = 0;
  for (const { id, manifestsRef } of old) {
    const moved = await db.deploymentRevision.updateMany({
      where: { id, manifestsRef, trimmedAt: null, liveIn: { none: {} }, pinnedBy: { none: {} } },
      data: { trimmedAt: new Date() },
    });
    if (moved.count === 0) continue;
    await store.delete(manifestsRef);
    trimmed += 1;
  }
  return trimmed;
}
