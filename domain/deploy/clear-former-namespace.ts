import type { Deployment } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

/** Records that nothing of the deployment is in its former namespace any more. */
export async function clearFormerNamespace(
  db: Db,
  { id, formerNamespace }: Pick<Deployment, 'id' | 'formerNamespace'>,
): Promise<void> {
  await db.deployment.updateMany({
    where: { id, formerNamespace },
    data: { formerNamespace: null },
  });
}
