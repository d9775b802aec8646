import type { PrismaClient } from '../../prisma/generated/client.ts';
import { settleWithoutSync } from './settle-without-sync.ts';

/** See DeployRecords.refuseDesired. */
export async function refuseDesired(
  db: PrismaClient,
  input: { deploymentId: string; generation: number; reason: string },
): Promise<void> {
  const deployment = await db.deployment.findUnique({ where: { id: input.deploymentId } });
  if (deployment === null || deployment.isDeleting) return;
  if (deployment.generation !== input.generation) return;
  await settleWithoutSync(db, deployment, { kind: 'refused', message: input.reason });
}
