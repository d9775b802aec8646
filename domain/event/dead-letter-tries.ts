import type { EventType } from '../../contracts/event/types.ts';
import { redactText } from '../../contracts/redact-text.ts';
import { storableText } from '../shared/storable-json.ts';

/** Events that ask something of a workflow: one that is lost leaves somebody waiting. */
const commands: readonly EventType[] = [
  'git.pushed',
  'pipeline.created',
  'pipeline.trigger_requested',
  'pipeline.cancel_requested',
  'pipeline.pause_requested',
  'pipeline.resume_requested',
  'gate.decided',
  'deployment.created',
  'deployment.desired_changed',
  'deployment.abort_requested',
  'preview.requested',
  'mr.closed',
  'mr.merged',
  'mr.reopened',
  'project.deleted',
  'pipeline.completed',
];
/** The consumer of the outbox that hands commands on to workflows. */
const commandConsumer = 'core';

const minuteMs = 60_000;
const longestWaitMs = 60 * minuteMs;
const lastTryMs = 24 * 60 * minuteMs;

/**
 * When a dead letter is tried again: 1, 2, 4 … minutes after the last try, then every hour, for a day.
 * @returns null after the last try: it waits for a person
 */
export function nextTryOf(buriedAt: Date, now: Date): Date | null {
  const ageMs = Math.max(0, now.getTime() - buriedAt.getTime());
  // 1 + 2 + 4 + … is one less than the next power: the time gone by tells the wait, whatever was tried before.
  const waitMs = Math.min(ageMs + minuteMs, longestWaitMs);
  return ageMs + waitMs > lastTryMs ? null : new Date(now.getTime() + waitMs);
}

/**
 * When an event that its consumer gave up at `now` is tried again by itself. What comes late may come in another order:
 * only commands may, what else a consumer does with an event is for a person to ask for.
 */
export function firstTryOf(consumer: string, type: EventType, now: Date): Date | null {
  return consumer === commandConsumer && commands.includes(type) ? nextTryOf(now, now) : null;
}

/** What is known of a failure without what it may hold: no stack, no cause, nothing that looks like a secret. */
export function describeError(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : 'not an error';
  return storableText(redactText(text).slice(0, 2_000));
}
