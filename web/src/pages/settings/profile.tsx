import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Session } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { me } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';

/** Who one is here, the password, and where one is signed in. */
export function Profile(): JSX.Element {
  const user = me.value;
  return (
    <div class="stack form-page">
      <Section title="Account">
        <dl class="facts">
          <div>
            <dt>Name</dt>
            <dd>{user?.name}</dd>
          </div>
          <div>
            <dt>Email</dt>
            <dd>{user?.email ?? 'none'}</dd>
          </div>
          <div>
            <dt>Roles everywhere</dt>
            <dd>{user?.roles.join(', ') || 'none'}</dd>
          </div>
        </dl>
      </Section>
      <Sessions />
      <Password />
    </div>
  );
}

function browserOf(agent: string | null): string {
  if (agent === null) return 'Unknown';
  const browser =
    /(Firefox|Edg|Chrome|Safari|curl|HeadlessChrome)\/?/.exec(agent)?.[1] ?? 'Browser';
  const system = /(Windows|Mac OS X|Linux|Android|iPhone|iPad)/.exec(agent)?.[1];
  const name = browser === 'Edg' ? 'Edge' : browser;
  return system ? `${name} on ${system}` : name;
}

function Sessions(): JSX.Element {
  const list = useLoad('sessions', () => call('get', '/api/v1/auth/sessions'));
  const end = useAction(async (session: Session) => {
    await call('delete', '/api/v1/auth/sessions/{id}', { path: { id: session.id } });
    invalidate('sessions');
    toast('The session is ended');
  });
  return (
    <Section title="Sessions">
      {end.problem && <ProblemBox problem={end.problem} />}
      <Show loaded={list} rows={2} what="Sessions">
        {({ items }) => (
          <Table<Session>
            label="Sessions"
            rows={items}
            rowKey={(session) => session.id}
            columns={[
              {
                title: 'Where',
                role: 'main',
                cell: (session) => (
                  <span class="row">
                    <span class="strong">{browserOf(session.userAgent)}</span>
                    {session.isCurrent && <span class="chip">this one</span>}
                  </span>
                ),
              },
              { title: 'Address', cell: (session) => <code>{session.ipAddr ?? ''}</code> },
              { title: 'Since', cell: (session) => <Time at={session.createdAt} /> },
              { title: 'Until', cell: (session) => <Time at={session.expiresAt} /> },
              {
                title: '~Actions',
                role: 'end',
                cell: (session) =>
                  !session.isCurrent && (
                    <Button
                      small
                      kind="quiet"
                      pending={end.pending}
                      onClick={() => {
                        end.run(session);
                      }}
                    >
                      End
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Show>
    </Section>
  );
}

function Password(): JSX.Element {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useAction(async () => {
    await call('put', '/api/v1/auth/password', {
      body: { currentPassword: current, newPassword: next },
    });
    setCurrent('');
    setNext('');
    invalidate('sessions');
    toast('The password is changed. All other sessions have ended.');
  });
  return (
    <Section title="Password">
      <form
        class="stack form"
        onSubmit={(event) => {
          event.preventDefault();
          change.run();
        }}
      >
        {change.problem && <ProblemBox problem={change.problem} what="Not changed" />}
        <Field
          label="Current password"
          type="password"
          value={current}
          onValue={setCurrent}
          required
          autoComplete="current-password"
        />
        <Field
          label="New password"
          type="password"
          value={next}
          onValue={setNext}
          required
          autoComplete="new-password"
          error={change.problem?.forField('newPassword')}
          help="12 characters or more. All your other sessions end."
        />
        <div class="row">
          <Button type="submit" pending={change.pending}>
            Change password
          </Button>
        </div>
      </form>
    </Section>
  );
}
