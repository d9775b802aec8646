import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { call } from '../api/client.ts';
import { Icon } from '../components/icon.tsx';
import { recentEvents } from './events.ts';
import { invalidate, useLoad } from './load.ts';

/** What people may be told of begins with an event of these areas. */
const telling = /^(pipeline\.completed|gate|mr|review|deployment|agent|alert)/;

/** How many notifications are unread; the list is one click away. */
export function Bell(): JSX.Element {
  const count = useLoad('notifications/count', () =>
    call('get', '/api/v1/notifications/unread-count'),
  );
  const newest = recentEvents.value[0];
  // who is told of an event is decided after it was published
  useEffect(() => {
    if (!newest || !telling.test(newest.type)) return undefined;
    const timers = [400, 2500].map((ms) =>
      setTimeout(() => {
        invalidate('notifications');
      }, ms),
    );
    return () => {
      timers.forEach(clearTimeout);
    };
  }, [newest?.id]);
  const unread = count.data?.unread ?? 0;
  const label = `${unread} unread ${unread === 1 ? 'notification' : 'notifications'}`;
  return (
    <a class="bell" href="/notifications" aria-label={label} title={label}>
      <Icon name="bell" />
      {unread > 0 && <span class="bell-count num">{unread > 99 ? '99+' : unread}</span>}
    </a>
  );
}
