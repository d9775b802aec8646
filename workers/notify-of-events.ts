import type { EventRecord } from '../contracts/event/types.ts';
import type { ChannelsAvailable } from '../domain/notify/choose-channels.ts';
import { notifyOfEvent } from '../domain/notify/notify-of-event.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

export interface NotificationHandlerDeps {
  db: PrismaClient;
  channels: ChannelsAvailable;
}

/** What committed events tell people. Called at least once for each event; an event that comes again tells nobody twice. */
export function createNotificationHandler({
  db,
  channels,
}: NotificationHandlerDeps): (event: EventRecord) => Promise<void> {
  return async (event) => {
    await notifyOfEvent(db, event, channels);
  };
}
