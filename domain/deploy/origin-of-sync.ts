import type { Deployment, DeploymentRevision, Prisma } from '../../prisma/generated/client.ts';
import { makersOfCommit } from '../review/makers-of-commit.ts';
import { originOf } from '../shared/origin.ts';

/**
 * Everybody whose work a roll-out is, besides whoever asks for it now: of the run and the commit that it comes from, of the
 * wishes that it inherits, whoever first had this very content or this image in the project, and whoever pushed the manifests.
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
  const made = await makersOfCommit(tx, projectId, revision.commitSha ?? commitSha);
  const manifests = opsRepoId === null ? [] : await pushersOf(tx, sourceSha);
  return originOf(
    { by: null, originIds: [...deployment.originIds, ...made, ...manifests] },
    { by: revision.createdBy, originIds: [] },
    ...(run === null ? [] : [{ by: run.triggeredBy, originIds: run.originIds }]),
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
