import type { PrismaClient } from '../../prisma/generated/client.ts';

const dayMs = 86_400_000;

/**
 * Removes notifications and deliveries older than `days` (`events.retentionDays`), except what is still to be sent.
 *
 * @returns how many were removed
 */
export async function purgeNotices(
  db: PrismaClient,
  days: number,
  now: Date = new Date(),
): Promise<number> {
  const old = { createdAt: { lt: new Date(now.getTime() - days * dayMs) } };
  const open = { status: 'pending' };
  // A notification takes its deliveries with it.
  const notices = await db.notification.deleteMany({ where: { ...old, NOT: open } });
  const deliveries = await db.delivery.deleteMany({ where: { ...old, NOT: open } });
  return notices.count + deliveries.count;
}
