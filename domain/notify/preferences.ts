import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import {
  defaultWant,
  type NotificationChannel,
  notificationChannels,
  type NotificationType,
  notificationTypes,
  type NotificationWant,
} from '../../contracts/notify/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { requireAccount } from '../identity/require-account.ts';
import type { Db } from '../shared/db.ts';
import { inTransaction } from '../shared/tx.ts';

export interface PreferenceRecord {
  type: NotificationType;
  channel: NotificationChannel;
  wants: NotificationWant;
  /** true: nothing was chosen */
  isDefault: boolean;
}

export interface Preferences {
  items: PreferenceRecord[];
  /** the user's own address for channel `webhook` */
  webhookUrl: string | null;
}

/** What the user wants where: every type on every channel, with the defaults filled in. */
export async function readPreferences(db: Db, { userId }: Principal): Promise<Preferences> {
  const [chosen, endpoint] = await Promise.all([
    db.notificationPreference.findMany({ where: { userId } }),
    db.notificationEndpoint.findUnique({ where: { userId } }),
  ]);
  const items = notificationTypes.flatMap((type) =>
    notificationChannels.map((channel) => {
      const choice = chosen.find((one) => one.notificationType === type && one.channel === channel);
      const wants = (choice?.wants as NotificationWant | undefined) ?? defaultWant(type, channel);
      return { type, channel, wants, isDefault: choice === undefined };
    }),
  );
  return { items, webhookUrl: endpoint?.url ?? null };
}

export interface PreferenceChange {
  items: readonly {
    type: NotificationType;
    channel: NotificationChannel;
    /** null: the default again */
    wants: NotificationWant | null;
  }[];
  /** undefined: as it is; null: none */
  webhookUrl?: string | null | undefined;
}

/**
 * Changes what is named and leaves the rest.
 * @throws DomainError `forbidden` for a principal without an account of its own, such as a foreign JWT
 */
export async function setPreferences(
  db: PrismaClient,
  caller: Caller,
  change: PreferenceChange,
): Promise<Preferences> {
  requireAccount(caller);
  const { userId } = caller.principal;
  return await inTransaction(db, async (tx) => {
    const found = await tx.$queryRaw<
      unknown[]
    >`SELECT id FROM users WHERE id = ${userId} FOR UPDATE`;
    if (found.length === 0)
      throw new DomainError('forbidden', 'Only users with an account here have preferences.');
    for (const { type: notificationType, channel, wants } of change.items) {
      const key = { userId, notificationType, channel };
      if (wants === null) await tx.notificationPreference.deleteMany({ where: key });
      else {
        await tx.notificationPreference.upsert({
          where: { userId_notificationType_channel: key },
          create: { ...key, wants },
          update: { wants },
        });
      }
    }
    const { webhookUrl: url } = change;
    if (url === null) await tx.notificationEndpoint.deleteMany({ where: { userId } });
    else if (url !== undefined) {
      await tx.notificationEndpoint.upsert({
        where: { userId },
        create: { userId, url },
        update: { url },
      });
    }
    const preferences = await readPreferences(tx, caller.principal);
    await writeAudit(tx, caller, {
      action: 'notification.preferences_changed',
      resource: 'user',
      resourceId: userId,
      detail: { items: change.items, ...(url === undefined ? {} : { hasWebhook: url !== null }) },
    });
    return preferences;
  });
}
