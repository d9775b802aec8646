import type { EventRecord } from '../contracts/event/types.ts';
import { followReviewEvent, type ReviewEventDeps } from '../domain/review/follow-events.ts';

/** What committed events mean for merge requests. Called at least once for each event, in commit order. */
export function createReviewHandler(deps: ReviewEventDeps): (event: EventRecord) => Promise<void> {
  return (event) => followReviewEvent(deps, event);
}
