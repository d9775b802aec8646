import {
  defaultWant,
  type NotificationChannel,
  notificationChannels,
  type NotificationType,
} from '../../contracts/notify/types.ts';
import type { Db } from '../shared/db.ts';

/** Which channels work at all on this installation. In-app always does. */
export interface ChannelsAvailable {
  email: boolean;
}

interface Recipient {
  userId: string;
  channel: NotificationChannel;
}

/** Who is told on which channel: what each chose, else the defaults. Mail goes to people only. */
export async function chooseChannels(
  db: Db,
  type: NotificationType,
  recipients: ReadonlyMap<string, boolean>,
  available: ChannelsAvailable,
): Promise<Recipient[]> {
  const users = await db.user.findMany({
    where: { id: { in: [...recipients.keys()] }, isActive: true },
    select: {
      id: true,
      kind: true,
      notificationHook: { select: { url: true } },
      notificationChoices: { where: { notificationType: type } },
    },
  });
  const possible = (user: (typeof users)[number], channel: NotificationChannel) => {
    if (channel === 'email') return available.email && user.kind === 'human';
    return channel === 'in_app' || user.notificationHook !== null;
  };
  return users.flatMap((user) =>
    notificationChannels
      .filter((channel) => {
        if (!possible(user, channel)) return false;
        const chosen = user.notificationChoices.find((choice) => choice.channel === channel);
        const want = chosen?.wants ?? defaultWant(type, channel);
        return want === 'all' || (want === 'own' && recipients.get(user.id) === true);
      })
      .map((channel) => ({ userId: user.id, channel })),
  );
}
