import type { EventRecord } from '../contracts/event/types.ts';
import { hasMail } from '../contracts/notify/mailer.ts';
import type { ConsumerOptions } from '../domain/event/event-consumer.ts';
import { WebhookSubscriptions } from '../domain/notify/webhook-subscriptions.ts';
import { reviewEventTypes } from '../domain/review/follow-events.ts';
import { createReviewHandler } from './follow-review.ts';
import { coreEventTypes, createEventHandler } from './handle-event.ts';
import { createNotificationHandler, notifyEventTypes } from './notify-of-events.ts';
import type { WorkerServices } from './open-services.ts';

type Services = Pick<WorkerServices, 'db' | 'config' | 'repositories' | 'gitStore' | 'temporal'>;
type HandleEvent = (event: EventRecord) => Promise<void>;

/**
 * What each consumer of the outbox does with an event. `core` hands commands to workflows; `notify` tells people and
 * webhooks, a consumer of its own, so that nothing there holds a pipeline up; `review` moves merge requests on, one of
 * its own too, for a merge may take its time.
 * @param wantedByWebhook for one who is handed all events in their order
 */
export function outboxHandlers(
  { db, config, repositories, gitStore: git, temporal: { client } }: Services,
  wantedByWebhook?: (event: EventRecord) => Promise<boolean>,
): Record<'core' | 'notify' | 'review', HandleEvent> {
  const channels = { email: hasMail(config.mail) };
  return {
    core: createEventHandler({ db, client, repositories, git }),
    notify: createNotificationHandler({ db, client, channels, wantedByWebhook }),
    review: createReviewHandler({ db, git, repositories }),
  };
}

/** The consumers that the dispatcher hands events to, each with the types that it takes. */
export function outboxConsumers(services: Services): ConsumerOptions[] {
  const webhooks = new WebhookSubscriptions(services.db);
  const { core, notify, review } = outboxHandlers(services, (event) => webhooks.wants(event));
  return [
    { name: 'core', types: coreEventTypes, handle: core },
    { name: 'notify', types: notifyEventTypes, handle: notify, onTurn: () => webhooks.forget() },
    { name: 'review', types: reviewEventTypes, handle: review },
  ];
}
