import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { Notification, Preferences } from '../../api/types.ts';
import { invalidate, useAction, useLoad } from '../../app/load.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { ProblemBox, Show } from '../../components/feedback.tsx';
import { Field } from '../../components/field.tsx';
import { Section } from '../../components/page.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { notificationWords } from '../../lib/notification-words.ts';

const url = '/api/v1/notifications/preferences';
const types = Object.keys(notificationWords) as Notification['type'][];
type Channel = Notification['channel'];
type Want = Preferences['items'][number]['wants'];
const channels: readonly (readonly [Channel, string])[] = [
  ['in_app', 'In the app'],
  ['email', 'Mail'],
  ['webhook', 'Webhook'],
];

/** What one is told of, and where. Each choice is kept at once. */
export function NotifyPreferences(): JSX.Element {
  const loaded = useLoad('notify/preferences', () => call('get', url));
  return (
    <Show loaded={loaded} rows={9} what="Preferences">
      {(preferences) => (
        <div class="stack form-page">
          <Choices preferences={preferences} />
          <WebhookAddress preferences={preferences} />
        </div>
      )}
    </Show>
  );
}

function Choices({ preferences }: { preferences: Preferences }): JSX.Element {
  const save = useAction(async (type: Notification['type'], channel: Channel, wants: Want) => {
    await call('put', url, { body: { items: [{ type, channel, wants }] } });
    invalidate('notify');
    toast('Saved');
  });
  const column = ([channel, title]: (typeof channels)[number]): Column<Notification['type']> => ({
    title,
    cell: (type) => {
      const item = preferences.items.find((each) => each.type === type && each.channel === channel);
      return (
        <select
          class="input choice"
          aria-label={`${notificationWords[type]}: ${title}`}
          value={item?.wants ?? 'none'}
          onChange={(event) => {
            save.run(type, channel, event.currentTarget.value as Want);
          }}
        >
          <option value="all">All</option>
          <option value="own">Only my own</option>
          <option value="none">Nothing</option>
        </select>
      );
    },
  });
  return (
    <Section title="What you are told of">
      {save.problem && <ProblemBox problem={save.problem} what="Not saved" />}
      {!preferences.emailAvailable && (
        <p class="muted drift-note">No mail is sent: the operator has set up no mail server.</p>
      )}
      <Table<Notification['type']>
        label="Preferences"
        rows={types}
        rowKey={(type) => type}
        columns={[
          {
            title: 'When',
            role: 'main',
            cell: (type) => <span class="strong">{notificationWords[type]}</span>,
          },
          ...channels.map(column),
        ]}
      />
    </Section>
  );
}

function WebhookAddress({ preferences }: { preferences: Preferences }): JSX.Element {
  const [address, setAddress] = useState(preferences.webhookUrl ?? '');
  const save = useAction(async () => {
    await call('put', url, { body: { items: [], webhookUrl: address === '' ? null : address } });
    invalidate('notify');
    toast('Saved');
  });
  return (
    <Section title="Your webhook">
      <form
        class="stack form"
        onSubmit={(event) => {
          event.preventDefault();
          save.run();
        }}
      >
        <Field
          label="Address"
          value={address}
          onValue={setAddress}
          required={false}
          mono
          error={save.problem?.forField('webhookUrl') ?? save.problem?.detail}
          help="Where notifications of channel Webhook are posted to. Empty: nowhere."
        />
        <div class="row">
          <Button
            type="submit"
            pending={save.pending}
            disabled={address === (preferences.webhookUrl ?? '')}
          >
            Save address
          </Button>
        </div>
      </form>
    </Section>
  );
}
