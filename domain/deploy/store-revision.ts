import { createHash } from 'node:crypto';
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
  if (known !== null) return known;
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
        manifestsRef,
        createdBy: deployment.deployedBy,
      },
    });
  });
}

/** The manifests of a revision, as they were rendered. @throws DomainError `unavailable` when the store lost them */
export async function readRevision(
  store: BlobStore,
  revision: Pick<DeploymentRevision, 'manifestsRef' | 'number'>,
): Promise<Manifest[]> {
  const body = await store.get(revision.manifestsRef);
  if (body === null) {
    throw new DomainError(
      'unavailable',
      `The manifests of revision ${String(revision.number)} are not in the object store.`,
    );
  }
  return JSON.parse(await text(body)) as Manifest[];
}

/** Removes what is over the newest good revisions that are kept; nothing that serves, is pinned, or is in quarantine. */
export async function trimRevisions(
  db: PrismaClient,
  store: BlobStore,
  deploymentId: string,
): Promise<number> {
  const { liveRevisionId, pinnedRevisionId } = await db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
    select: { liveRevisionId: true, pinnedRevisionId: true },
  });
  const old = await db.deploymentRevision.findMany({
    where: { deploymentId, status: 'good' },
    orderBy: { goodAt: 'desc' },
    skip: keptRevisions,
  });
  const inUse = new Set([liveRevisionId, pinnedRevisionId]);
  const leaving = old.filter((revision) => !inUse.has(revision.id));
  for (const revision of leaving) {
    await db.deploymentRevision.delete({ where: { id: revision.id } });
    await store.delete(revision.manifestsRef);
  }
  return leaving.length;
}
