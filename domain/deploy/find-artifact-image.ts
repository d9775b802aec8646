import {
  type ImageRef,
  imageRefsIn,
  meansArtifact,
  readImageRef,
} from '../../contracts/deploy/image-ref.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Artifact, Pipeline } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/**
 * The artifact of a project that an image of the local target names. Artifacts belong to the project whose run stored them:
 * naming the digest of another's gives nothing.
 * @returns null when no run of the project stored it, or its time is over
 */
export async function findArtifactImage(
  db: Db,
  { name, sha256 }: ImageRef,
  projectId: string,
): Promise<Artifact | null> {
  return await db.artifact.findFirst({
    where: { name, sha256, pipeline: { projectId } },
    orderBy: { createdAt: 'desc' },
  });
}

/** So many runs that stored the same content are considered; those that did so first. */
const mostRuns = 20;

/** The runs of a project that stored what an image names, the first one first. */
export async function runsOfImage(
  db: Db,
  { name, sha256 }: ImageRef,
  projectId: string,
): Promise<Pipeline[]> {
  const stored = await db.artifact.findMany({
    where: { name, sha256, pipeline: { projectId } },
    include: { pipeline: true },
    orderBy: { createdAt: 'asc' },
    take: mostRuns,
  });
  return stored.map(({ pipeline }) => pipeline);
}

/**
 * Refuses an image that means an artifact and is none of the project; images of registries are not checked.
 * @throws DomainError `validation_failed`
 */
export async function requireOwnImage(db: Db, projectId: string, image: string): Promise<void> {
  if (!meansArtifact(image)) return;
  const read = readImageRef(image);
  if (read === null) {
    throw new DomainError(
      'validation_failed',
      `${JSON.stringify(image)} names no artifact: expected artifact:<name>@sha256:<64 hex digits>.`,
    );
  }
  await requireOwn(db, projectId, read);
}

/**
 * Refuses manifests that name an artifact which is none of the project, wherever they do.
 * @throws DomainError `validation_failed`
 */
export async function requireOwnArtifacts(
  db: Db,
  projectId: string,
  manifests: readonly object[],
): Promise<void> {
  for (const image of new Set(imagesIn(manifests))) await requireOwnImage(db, projectId, image);
  for (const image of imageRefsIn(JSON.stringify(manifests)))
    await requireOwn(db, projectId, image);
}

async function requireOwn(db: Db, projectId: string, image: ImageRef): Promise<void> {
  if ((await findArtifactImage(db, image, projectId)) !== null) return;
  throw new DomainError('validation_failed', `No run of this project stored ${image.text}.`);
}

/** Every value of a field `image`. */
function* imagesIn(part: unknown): Generator<string> {
  if (typeof part !== 'object' || part === null) return;
  for (const [key, value] of Object.entries(part)) {
    if (key === 'image' && typeof value === 'string') yield value;
    else yield* imagesIn(value);
  }
}
