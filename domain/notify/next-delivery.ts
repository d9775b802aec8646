import type { Db } from '../shared/db.ts';

/** The oldest delivery of a receiver that is still to be sent, and how long until its next try. */
export async function findNextDelivery(
  db: Db,
  subscription: string,
): Promise<{ deliveryId: string; waitMs: number } | null> {
  const next = await db.delivery.findFirst({
    where: { subscription, status: 'pending' },
    orderBy: { seq: 'asc' },
    select: { id: true, nextAttemptAt: true },
  });
  if (next === null) return null;
  return {
    deliveryId: next.id,
    waitMs: Math.max(0, next.nextAttemptAt.getTime() - Date.now()),
  };
}
