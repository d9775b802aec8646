import type { Prisma } from '../../prisma/generated/client.ts';

/** Notes the artifacts and logs of a project that is being deleted, for retention to remove. In the transaction of the deletion. */
export async function leaveObjectsOfRuns(
  tx: Prisma.TransactionClient,
  projectId: string,
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO left_objects (key)
    SELECT minio_path FROM artifacts JOIN pipelines ON pipelines.id = pipeline_id WHERE project_id = ${projectId}
    UNION
    SELECT log_ref FROM pipeline_steps WHERE project_id = ${projectId} AND log_ref IS NOT NULL
    ON CONFLICT DO NOTHING`;
}
