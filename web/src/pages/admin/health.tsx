import type { JSX } from 'preact';
import { call } from '../../api/client.ts';
import type { DeadLetter, Health as HealthOfAll } from '../../api/types.ts';
import { invalidate, useAction, useList, useLoad } from '../../app/load.ts';
import { can } from '../../app/session.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { Empty, More, ProblemBox, Show } from '../../components/feedback.tsx';
import { Section } from '../../components/page.tsx';
import { Status } from '../../components/status.tsx';
import { Table } from '../../components/table.tsx';
import { Time } from '../../components/time.tsx';
import { partRows, type PartRow } from '../../lib/health-parts.ts';

const levels = { HEALTHY: 'success', DEGRADED: 'degraded', UNHEALTHY: 'failure' } as const;
const levelWords = { HEALTHY: 'Healthy', DEGRADED: 'Degraded', UNHEALTHY: 'Unhealthy' } as const;

/** How each part of the installation is, and the events that it could not handle. */
export function Health(): JSX.Element {
  const health = useLoad('admin/health', () => call('get', '/api/v1/health', {}));
  return (
    <div class="stack">
      <Section
        title="Parts"
        aside={
          <Button
            small
            kind="quiet"
            icon="rerun"
            onClick={() => {
              invalidate('admin');
            }}
          >
            Look again
          </Button>
        }
      >
        <Show loaded={health} rows={8} what="Health">
          {(found) => <Parts health={found} />}
        </Show>
      </Section>
      <Section title="Events that could not be handled">
        <DeadLetters />
      </Section>
    </div>
  );
}

function Parts({ health }: { health: HealthOfAll }): JSX.Element {
  return (
    <div class="stack tight">
      <p class="row muted">
        <Status state={levels[health.level]} word={levelWords[health.level]} badge />
        version {health.version}
      </p>
      <Table<PartRow>
        label="Parts"
        dense
        rows={partRows(health.components)}
        rowKey={(part) => part.name}
        columns={[
          { title: 'Part', role: 'main', cell: (part) => <span class="strong">{part.title}</span> },
          {
            title: 'State',
            cell: (part) => (
              <Status
                state={part.isOk ? 'success' : 'failure'}
                word={part.isOk ? 'Works' : 'Needs attention'}
              />
            ),
          },
          { title: 'Now', cell: (part) => part.detail },
          { title: 'It works when', cell: (part) => <span class="lines muted">{part.rule}</span> },
        ]}
      />
    </div>
  );
}

function DeadLetters(): JSX.Element {
  const mayChange = can('admin:manage');
  const list = useList('admin/dead-letters', (cursor, signal) =>
    call('get', '/api/v1/dead-letters', { query: { cursor }, signal }),
  );
  const retry = useAction(async ({ id }: DeadLetter) => {
    await call('post', '/api/v1/dead-letters/{id}/retry', { path: { id } });
    invalidate('admin');
    toast('It is tried again within a minute or so');
  });
  const discard = useAction(async ({ id }: DeadLetter) => {
    await call('delete', '/api/v1/dead-letters/{id}', { path: { id } });
    invalidate('admin');
    toast('Discarded: nobody tries it again');
  });
  return (
    <>
      {retry.problem && <ProblemBox problem={retry.problem} what="Not tried again" />}
      {discard.problem && <ProblemBox problem={discard.problem} what="Not discarded" />}
      <Show loaded={list} rows={3} what="Events">
        {(rows) =>
          rows.length === 0 ? (
            <Empty icon="check" title="Every event was handled">
              An event that fails again and again is kept here with the reason, until it is handled
              after all or somebody discards it.
            </Empty>
          ) : (
            <Table<DeadLetter>
              label="Events that could not be handled"
              rows={rows}
              rowKey={(letter) => letter.id}
              columns={[
                {
                  title: 'Event',
                  role: 'main',
                  cell: (letter) => (
                    <>
                      {letter.eventType === null ? (
                        'no longer kept'
                      ) : (
                        <code>{letter.eventType}</code>
                      )}{' '}
                      <span class="muted">for {letter.consumer}</span>
                    </>
                  ),
                },
                { title: 'Why', cell: (letter) => <span class="lines">{letter.error}</span> },
                { title: 'Tries', cell: (letter) => String(letter.attempts) },
                {
                  title: 'Next',
                  cell: (letter) =>
                    letter.nextTryAt === null ? (
                      'waits for a person'
                    ) : (
                      <Time at={letter.nextTryAt} />
                    ),
                },
                { title: 'Since', cell: (letter) => <Time at={letter.createdAt} /> },
                {
                  title: '~Actions',
                  role: 'end',
                  cell: (letter) =>
                    mayChange && (
                      <>
                        {letter.eventType !== null && (
                          <Button
                            small
                            pending={retry.pending}
                            onClick={() => {
                              retry.run(letter);
                            }}
                          >
                            Retry
                          </Button>
                        )}{' '}
                        <Button
                          small
                          kind="quiet"
                          pending={discard.pending}
                          onClick={() => {
                            discard.run(letter);
                          }}
                        >
                          Discard
                        </Button>
                      </>
                    ),
                },
              ]}
            />
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}
