import { DomainError } from '../../contracts/problems.ts';
import type { Artifact } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

const artifactImage = /^artifact:([A-Za-z0-9._-]+)@sha256:([0-9a-f]{64})$/;
const artifactImages = /artifact:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}/g;

/**
 * The artifact that an image of the local target names.
 * @throws DomainError `not_found` when no run stored it, or its time is over
 */
export async function findArtifactImage(
  db: Db,
  imageRef: string,
  projectId: string | null = null,
): Promise<Artifact> {
  const [, name, sha256] = artifactImage.exec(imageRef) ?? [];
  const found =
    name === undefined || sha256 === undefined
      ? null
      : await db.artifact.findFirst({
          where: { name, sha256, ...(projectId === null ? {} : { pipeline: { projectId } }) },
          orderBy: { createdAt: 'desc' },
        });
  if (found === null) throw new DomainError('not_found', `No run stored ${imageRef}.`);
  return found;
}

/**
 * Artifacts belong to the project whose run stored them: naming the digest of another's gives nothing.
 * @throws DomainError `validation_failed`
 */
export async function requireOwnArtifacts(
  db: Db,
  projectId: string,
  manifests: readonly object[],
): Promise<void> {
  const images = new Set(JSON.stringify(manifests).match(artifactImages) ?? []);
  for (const image of images) {
    await findArtifactImage(db, image, projectId).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
      throw new DomainError('validation_failed', `No run of this project stored ${image}.`);
    });
  }
}
