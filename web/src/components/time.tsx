import type { JSX } from 'preact';
import { now } from '../app/clock.ts';
import { formatDuration, relativeTime } from '../lib/time.ts';

/** A moment: relative in words, absolute on hover and in the markup. */
export function Time({ at, prefix }: { at: string; prefix?: string }): JSX.Element {
  const ms = Date.parse(at);
  return (
    <time
      class="nowrap"
      dateTime={at}
      title={new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'long' })}
    >
      {prefix ? `${prefix} ` : ''}
      {relativeTime(ms, now.value)}
    </time>
  );
}

/** How long something took, or takes: it ticks while `end` is null. */
export function Duration({
  start,
  end,
  ms,
}: {
  start: string | null;
  end: string | null;
  ms?: number | null;
}): JSX.Element | null {
  if (typeof ms === 'number' && end !== null)
    return <span class="num nowrap">{formatDuration(ms)}</span>;
  if (start === null) return null;
  const until = end === null ? now.value : Date.parse(end);
  return <span class="num nowrap">{formatDuration(Math.max(0, until - Date.parse(start)))}</span>;
}
