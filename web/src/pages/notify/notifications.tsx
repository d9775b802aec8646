import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { call } from '../../api/client.ts';
import type { Notification } from '../../api/types.ts';
import { invalidate, useAction, useList } from '../../app/load.ts';
import { useQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button, ButtonLink } from '../../components/button.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Choice } from '../../components/field.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { PageHead } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { notificationWords } from '../../lib/notification-words.ts';
import { oneOf } from '../../lib/one-of.ts';

const types = Object.keys(notificationWords) as Notification['type'][];

const icons: Readonly<Record<Notification['type'], readonly [IconName, string]>> = {
  build_failed: ['failure', 'state-failure'],
  mr_created: ['merge-request', 'state-running'],
  gate_waiting: ['waiting', 'state-waiting'],
  deployment_synced: ['success', 'state-success'],
  deployment_failed: ['failure', 'state-failure'],
  deployment_rolled_back: ['undo', 'state-blocked'],
  deployment_needs_human: ['warning', 'state-failure'],
  sign_in_guessed: ['lock', 'state-failure'],
  agent_completed: ['bot', 'state-success'],
  alert_firing: ['alert', 'state-failure'],
};

/** What one was told of, newest first. */
export function Notifications(): JSX.Element {
  const { query, setQuery } = useQuery();
  const isUnread = query['unread'] === '1';
  const type = oneOf(types, query['type']);
  const list = useList(`notifications/list/${isUnread}/${type ?? ''}`, (cursor, signal) =>
    call('get', '/api/v1/notifications', {
      query: { limit: 50, cursor, unread: isUnread ? 'true' : 'false', type },
      signal,
    }),
  );
  return (
    <>
      <PageHead
        title="Notifications"
        documentTitle="Notifications"
        state="What you were told of. Which of it also comes by mail is your choice."
        actions={
          <>
            <ButtonLink href="/settings/notifications" icon="settings">
              Preferences
            </ButtonLink>
            <MarkAll />
          </>
        }
      />
      <div class="toolbar">
        <div class="segmented" role="group" aria-label="Show">
          {[false, true].map((each) => (
            <button
              key={String(each)}
              type="button"
              aria-pressed={isUnread === each}
              onClick={() => {
                setQuery({ unread: each ? '1' : undefined });
              }}
            >
              {each ? 'Unread' : 'All'}
            </button>
          ))}
        </div>
        <Choice
          label="Kind"
          value={type ?? ''}
          options={[
            ['', 'Any kind'],
            ...types.map((each) => [each, notificationWords[each]] as const),
          ]}
          onValue={(value) => {
            setQuery({ type: value });
          }}
        />
      </div>
      <Show loaded={list} rows={8} what="Notifications">
        {(items) =>
          items.length === 0 ? (
            <Empty icon="bell" title={isUnread ? 'Nothing unread' : 'No notifications'}>
              Failed pipelines, gates that wait for you and deployments of your projects show here.
            </Empty>
          ) : (
            <ul class="line-list">
              {items.map((each) => (
                <Row key={each.id} notification={each} />
              ))}
            </ul>
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

function MarkAll(): JSX.Element {
  const mark = useAction(async () => {
    const { marked } = await call('post', '/api/v1/notifications/read', { body: {} });
    invalidate('notifications');
    toast(marked === 0 ? 'Nothing was unread' : `${marked} marked as read`);
  });
  return (
    <Button
      icon="check"
      pending={mark.pending}
      onClick={() => {
        mark.run();
      }}
    >
      Mark all read
    </Button>
  );
}

function Row({ notification }: { notification: Notification }): JSX.Element {
  const { id, type, subject, body, link, project, createdAt, readAt, actor } = notification;
  const { route } = useLocation();
  const [icon, tone] = icons[type];
  const read = useAction(async () => {
    await call('post', '/api/v1/notifications/{id}/read', { path: { id } });
    invalidate('notifications');
  });
  const open = (event: MouseEvent): void => {
    if (readAt === null) read.run();
    if (link === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    route(link);
  };
  return (
    <li class={`line-row notification ${readAt === null ? 'unread' : ''}`}>
      <span class={`toned-text ${tone}`}>
        <Icon name={icon} label={notificationWords[type]} />
      </span>
      <div class="grow">
        <span class="row tightest">
          {readAt === null && <span class="unread-dot" role="img" aria-label="Unread" />}
          {link === null ? (
            <span class="line-title">{subject}</span>
          ) : (
            <a class="line-title" href={link} data-item="" onClick={open}>
              {subject}
            </a>
          )}
        </span>
        {body && <p class="notification-body">{body}</p>}
        <div class="line-meta">
          {project && (
            <span>
              {project.owner}/{project.name}
            </span>
          )}
          {actor && <span>by {actor.name}</span>}
          <Time at={createdAt} />
        </div>
      </div>
      {readAt === null && (
        <Button
          kind="quiet"
          small
          icon="check"
          label="Mark as read"
          pending={read.pending}
          onClick={() => {
            read.run();
          }}
        />
      )}
    </li>
  );
}
