import type { Deployment, DeploymentRevision } from '../../prisma/generated/client.ts';

/** Where something that is desired comes from: the commit of the code, the run that built it, the change it came with. */
export type DesiredOrigin = Pick<DeploymentRevision, 'commitSha' | 'pipelineId' | 'changeId'>;

/**
 * Where what is desired comes from. The columns of the row are of the newest version that was asked for; after a rollback,
 * and after an undo, an older revision is desired, and it is the origin of that one.
 */
export function desiredOrigin(
  deployment: Deployment & { pinnedRevision: DeploymentRevision | null },
): DesiredOrigin {
  const { commitSha, pipelineId, changeId } = deployment.pinnedRevision ?? deployment;
  return { commitSha, pipelineId, changeId };
}
