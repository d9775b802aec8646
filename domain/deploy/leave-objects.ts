import type { Prisma } from '../../prisma/generated/client.ts';

/** Notes the rendered manifests of a project that is being deleted, for retention to remove. In the transaction of the deletion. */
export async function leaveObjectsOfDeployments(
  tx: Prisma.TransactionClient,
  projectId: string,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO left_objects (key)
    SELECT DISTINCT manifests_ref FROM deployment_revisions JOIN deployments ON deployments.id = deployment_id
    WHERE project_id = ${projectId}
    ON CONFLICT DO NOTHING`;
}
