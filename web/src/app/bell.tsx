import type { JSX } from 'preact';
import { call } from '../api/client.ts';
import { Icon } from '../components/icon.tsx';
import { useLoad } from './load.ts';

/** How many notifications are unread; the list is one click away. The event of a new one asks for the number again. */
export function Bell(): JSX.Element {
  const count = useLoad('notifications/count', () =>
    call('get', '/api/v1/notifications/unread-count'),
  );
  const unread = count.data?.unread ?? 0;
  const label = `${unread} unread ${unread === 1 ? 'notification' : 'notifications'}`;
  return (
    <a class="bell" href="/notifications" aria-label={label} title={label}>
      <Icon name="bell" />
      {unread > 0 && <span class="bell-count num">{unread > 99 ? '99+' : unread}</span>}
    </a>
  );
}
