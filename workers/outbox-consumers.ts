import type { EventRecord } from '../contracts/event/types.ts';
import { hasMail } from '../contracts/notify/mailer.ts';
import { createReviewHandler } from './follow-review.ts';
import { createEventHandler } from './handle-event.ts';
import { createNotificationHandler } from './notify-of-events.ts';
import type { WorkerServices } from './open-services.ts';

type HandleEvent = (event: EventRecord) => Promise<void>;

/**
 * What each consumer of the outbox does with an event. `core` hands commands to workflows; `notify` tells people and
 * webhooks, a consumer of its own, so that nothing there holds a pipeline up; `review` moves merge requests on, one of
 * its own too, for a merge may take its time.
 */
export function outboxConsumers({
  db,
  config,
  repositories,
  gitStore: git,
  temporal: { client },
}: Pick<WorkerServices, 'db' | 'config' | 'repositories' | 'gitStore' | 'temporal'>): Record<
  'core' | 'notify' | 'review',
  HandleEvent
> {
  return {
    core: createEventHandler({ db, client, repositories, git }),
    notify: createNotificationHandler({ db, client, channels: { email: hasMail(config.mail) } }),
    review: createReviewHandler({ db, git, repositories }),
  };
}
