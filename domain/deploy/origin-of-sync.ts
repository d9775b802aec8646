import { readImageRef } from '../../contracts/deploy/image-ref.ts';
import type { Deployment, DeploymentRevision, Prisma } from '../../prisma/generated/client.ts';
import { makersOfCommit } from '../review/makers-of-commit.ts';
import { originOf } from '../shared/origin.ts';
import { runsOfImage } from './find-artifact-image.ts';

/**
 * Everybody whose work a rollout is, besides whoever asks for it now: of the run and the commit that it comes from, of the
 * desired states that it inherits, whoever first had this very content or this image in the project, and whoever pushed the manifests.
 * So that trying again, promoting or rolling out anew makes nobody's own agent's work approvable.
 */
export async function originOfSync(
  tx: Prisma.TransactionClient,
  deployment: Deployment,
  revision: DeploymentRevision,
  sourceSha: string | null,
): Promise<string[]> {
  const { projectId, pipelineId, commitSha, opsRepoId } = deployment;
  const run =
    pipelineId === null ? null : await tx.pipeline.findUnique({ where: { id: pipelineId } });
  const first = await tx.deploymentSync.findFirst({
    where: { projectId, revision: { imageRef: revision.imageRef } },
    orderBy: { startedAt: 'asc' },
  });
  // An image chosen by hand stays the work of whoever had it made.
  const image = readImageRef(revision.imageRef);
  const [maker] = image === null ? [] : await runsOfImage(tx, image, projectId);
  // Without a commit of its own it was rendered from the head of the default branch.
  const code = revision.commitSha ?? commitSha ?? (opsRepoId === null ? sourceSha : null);
  const made = await makersOfCommit(tx, projectId, code);
  const manifests = opsRepoId === null ? [] : await pushersOf(tx, sourceSha);
  return originOf(
    { by: null, originIds: [...deployment.originIds, ...made, ...manifests] },
    { by: revision.createdBy, originIds: [] },
    ...(run === null ? [] : [{ by: run.triggeredBy, originIds: run.originIds }]),
    ...(maker === undefined ? [] : [{ by: maker.triggeredBy, originIds: maker.originIds }]),
    ...(first === null ? [] : [{ by: first.requestedBy, originIds: first.originIds }]),
  );
}

/** Of a commit of an ops repository, wherever it is hosted. */
async function pushersOf(tx: Prisma.TransactionClient, sha: string | null): Promise<string[]> {
  if (sha === null) return [];
  const pushes = await tx.push.findMany({
    where: { updates: { array_contains: [{ newSha: sha }] }, pusherId: { not: null } },
    select: { pusherId: true },
    take: 100,
  });
  return pushes.flatMap(({ pusherId }) => pusherId ?? []);
}
