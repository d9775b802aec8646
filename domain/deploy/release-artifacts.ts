import { imageRefOf } from '../../contracts/deploy/image-ref.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { whereOfMergeRequest } from '../pipeline/run-key.ts';

/**
 * What the runs of a merge request stored for its preview expires again, now that the preview is gone: as their definition
 * says, counted from now, so that one that is opened again soon finds it. What something else deploys stays.
 */
export async function releaseArtifacts(
  tx: Prisma.TransactionClient,
  { id, projectId }: { id: string; projectId: string },
): Promise<void> {
  const kept = await tx.artifact.findMany({
    where: { expiresAt: null, pipeline: { projectId, ...whereOfMergeRequest(id) } },
    include: { pipeline: { select: { definition: true } } },
  });
  for (const { id: artifactId, name, stepName, sha256, pipeline } of kept) {
    const plan = pipeline.definition as PipelinePlan | null;
    const step = plan?.steps.find((one) => one.name === stepName);
    const expiresMs = step?.artifacts.find((one) => one.name === name)?.expiresMs ?? null;
    // without a time of its own it is kept as long as its run
    if (expiresMs === null) continue;
    if (await isDeployed(tx, projectId, imageRefOf({ name, sha256 }))) continue;
    const expiresAt = new Date(Date.now() + expiresMs);
    await tx.artifact.update({ where: { id: artifactId }, data: { expiresAt } });
  }
}

async function isDeployed(
  tx: Prisma.TransactionClient,
  projectId: string,
  imageRef: string,
): Promise<boolean> {
  const desired = await tx.deployment.count({ where: { projectId, imageRef } });
  if (desired > 0) return true;
  const revision = { imageRef, trimmedAt: null, deployment: { projectId } };
  return (await tx.deploymentRevision.count({ where: revision })) > 0;
}
