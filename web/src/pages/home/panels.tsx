import type { JSX } from 'preact';
import { call } from '../../api/client.ts';
import { getHealth } from '../../api/resources.ts';
import type { EventRecord } from '../../../../contracts/event/types.ts';
import { recentEvents } from '../../app/events.ts';
import { useLoad } from '../../app/load.ts';
import { can } from '../../app/session.ts';
import { Show } from '../../components/feedback.tsx';
import { Icon } from '../../components/icon.tsx';
import { Section } from '../../components/page.tsx';
import { Time } from '../../components/time.tsx';
import { activityTypes } from '../../lib/activity.ts';

/** Each part of the platform and whether it answers. */
export function HealthPanel(): JSX.Element {
  const health = useLoad('health', () => getHealth());
  return (
    <Section title="Platform">
      <Show loaded={health} rows={3} what="Health">
        {(state) => (
          <dl class="facts">
            {Object.entries(state.components)
              .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
              .map(([name, told]) => {
                const good = told.startsWith('ok');
                return (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd class={good ? 'state-success' : 'state-failure'}>
                      <Icon name={good ? 'success' : 'failure'} size={14} />
                      <span>
                        {told.replace(/^(ok|error):? ?/, '') || (good ? 'answers' : 'failed')}
                      </span>
                    </dd>
                  </div>
                );
              })}
            <div>
              <dt>version</dt>
              <dd class="num">{state.version}</dd>
            </div>
          </dl>
        )}
      </Show>
    </Section>
  );
}

const linkOf = (event: EventRecord): string | null => {
  if (event.type.startsWith('deployment.') && event.subjectId !== null)
    return `/deployments/${event.subjectId}`;
  const deployment = event.payload['deploymentId'];
  if (typeof deployment === 'string') return `/deployments/${deployment}`;
  const run = event.payload['pipelineId'] ?? event.subjectId;
  return typeof run === 'string' && run.startsWith('run_') ? `/pipelines/${run}` : null;
};

/** What happened lately in the projects that one may see; new events appear by themselves. */
export function ActivityPanel(): JSX.Element {
  const past = useLoad('activity', () =>
    call('get', '/api/v1/events', {
      query: { limit: 12, type: activityTypes.join(',') },
    }),
  );
  const fresh = recentEvents.value;
  return (
    <Section title="Recent activity">
      <Show loaded={past} rows={5} what="Activity">
        {(page) => {
          const known = new Set(fresh.map((event) => event.id));
          const events = [...fresh, ...page.items.filter((event) => !known.has(event.id))].slice(
            0,
            12,
          );
          if (events.length === 0) return <p class="quiet-line">Nothing has happened yet.</p>;
          return (
            <ol class="activity">
              {events.map((event) => {
                const link = linkOf(event);
                const text = event.message || event.type;
                return (
                  <li key={event.id}>
                    <span class="grow">{link ? <a href={link}>{text}</a> : text}</span>
                    <span class="meta">
                      <Time at={event.createdAt} />
                    </span>
                  </li>
                );
              })}
            </ol>
          );
        }}
      </Show>
    </Section>
  );
}

/** Agents and how many live permissions each was handed. */
export function AgentsPanel(): JSX.Element | null {
  const allowed = can('users:read') || can('admin:users');
  const agents = useLoad(allowed ? 'admin/agents' : null, async () => {
    const [users, handed] = await Promise.all([
      call('get', '/api/v1/users', { query: { kind: 'agent', limit: 20 } }),
      call('get', '/api/v1/delegations', { query: { live: 'true', limit: 100 } }),
    ]);
    return users.items
      .filter((user) => user.isActive)
      .map((user) => ({
        user,
        count: handed.items.filter((each) => each.delegateName === user.name).length,
      }));
  });
  if (!allowed) return null;
  return (
    <Section title="Active agents" aside={<a href="/admin/delegations">Delegations</a>}>
      <Show loaded={agents} rows={2} what="Agents">
        {(list) =>
          list.length === 0 ? (
            <p class="quiet-line">No agent has an account. Add one under Admin.</p>
          ) : (
            <dl class="facts">
              {list.map(({ user, count }) => (
                <div key={user.id}>
                  <dt class="row">
                    <Icon name="bot" size={14} /> {user.displayName ?? user.name}
                  </dt>
                  <dd>{count === 0 ? 'nothing delegated' : `${count} delegated`}</dd>
                </div>
              ))}
            </dl>
          )
        }
      </Show>
    </Section>
  );
}
