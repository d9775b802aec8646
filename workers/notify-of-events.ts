import type { Client } from '@temporalio/client';
import { type EventRecord, eventTypes } from '../contracts/event/types.ts';
import { isInternal } from '../contracts/notify/event-names.ts';
import type { ChannelsAvailable } from '../domain/notify/choose-channels.ts';
import { notifyOfEvent } from '../domain/notify/notify-of-event.ts';
import { wakeDelivery } from '../launch/notify.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

interface NotificationHandlerDeps {
  db: PrismaClient;
  client: Client;
  channels: ChannelsAvailable;
  /** see `notifyOfEvent`; every event is asked for unless told */
  wantedByWebhook?: ((event: EventRecord) => Promise<boolean>) | undefined;
}

/** What `notify` takes: what webhooks may want, and requests to send again. */
export const notifyEventTypes = eventTypes.filter(
  (type) => !isInternal(type) || type === 'delivery.requested',
);

/**
 * What committed events tell people and webhooks. Called at least once for each event; one that comes again tells nobody
 * twice, and wakes only receivers that still have something of it to get.
 */
export function createNotificationHandler({
  db,
  client,
  channels,
  wantedByWebhook,
}: NotificationHandlerDeps): (event: EventRecord) => Promise<void> {
  return async (event) => {
    if (event.type === 'delivery.requested') {
      await wakeDelivery(client, String(event.payload['subscription']));
      return;
    }
    for (const subscription of await notifyOfEvent(db, event, channels, wantedByWebhook))
      await wakeDelivery(client, subscription);
  };
}
