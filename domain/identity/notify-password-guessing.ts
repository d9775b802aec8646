import { platformCaller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';

/** Notifies a person, once a window, that somebody tries passwords under their name; and the audit, with the last address. */
export async function notifyPasswordGuessing(
  db: PrismaClient,
  name: string,
  { tries, ipAddr }: { tries: number; ipAddr: string | null },
): Promise<void> {
  const user = await db.user.findUnique({ where: { name } });
  if (!user?.isActive || user.kind !== 'human') return;
  await inTransaction(db, async (tx) => {
    const choice = await tx.notificationPreference.findFirst({
      where: { userId: user.id, notificationType: 'sign_in_guessed', channel: 'in_app' },
    });
    if (choice?.wants !== 'none') {
      const now = new Date();
      await tx.notification.create({
        data: {
          id: newId('notification'),
          userId: user.id,
          notificationType: 'sign_in_guessed',
          subject: `${String(tries)} wrong passwords were tried under your name`,
          body: `The last one came from ${ipAddr ?? 'this machine'}. Your password still holds; change it if it may be known, and end sessions that are not yours.`,
          channel: 'in_app',
          status: 'sent',
          sentAt: now,
          createdAt: now,
          link: '/settings/profile',
        },
      });
    }
    await writeAudit(tx, platformCaller, {
      action: 'user.password_guessed',
      resource: 'user',
      resourceId: user.id,
      detail: { name, tries, address: ipAddr },
    });
  });
}
