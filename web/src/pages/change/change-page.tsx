import type { JSX } from 'preact';
import { useRoute } from 'preact-iso';
import { call } from '../../api/client.ts';
import type { Change } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { Copy } from '../../components/copy.tsx';
import { Empty, Show } from '../../components/feedback.tsx';
import { Icon, type IconName } from '../../components/icon.tsx';
import { PageHead } from '../../components/page.tsx';
import { Status } from '../../components/status.tsx';
import type { StateName } from '../../lib/state-name.ts';
import { Duration, Time } from '../../components/time.tsx';
import { changeStates, entryState } from '../../lib/change-words.ts';
import { NotFound } from '../not-found.tsx';

type Entry = Change['entries'][number];

const icons: Readonly<Record<Entry['kind'], IconName>> = {
  push: 'commit',
  merge_request: 'merge-request',
  review: 'comment',
  pipeline: 'workflow',
  gate: 'waiting',
  decision: 'check',
  deployment: 'deploy',
  rollback: 'undo',
  event: 'activity',
};

/** Everything that one change caused, as one timeline: push, merge request, pipelines, gates, deployments, rollbacks. */
export function ChangePage(): JSX.Element {
  const { params } = useRoute();
  const id = params['id'] ?? '';
  const change = useLoad(`changes/${id}`, (signal) =>
    call('get', '/api/v1/changes/{changeId}', { path: { changeId: id }, signal }),
  );
  if (change.problem?.status === 404) return <NotFound what="change" />;
  return (
    <Show loaded={change} rows={8} what="Change">
      {(data) => <ChangeView change={data} />}
    </Show>
  );
}

function ChangeView({ change }: { change: Change }): JSX.Element {
  const { changeId, title, state, line, projects, startedAt, entries } = change;
  const { state: tone, word } = changeStates[state];
  useCrumbs([
    { text: 'Changes', href: '/pipelines' },
    { text: `${changeId.slice(0, 12)}…`, href: `/changes/${changeId}` },
  ]);
  return (
    <>
      <PageHead
        title={title ?? line}
        documentTitle={`${word}: ${title ?? changeId}`}
        before={<Status state={tone} word={word} badge />}
        state={
          <span class="line-meta">
            <span>{line}</span>
            {projects.map((project) => (
              <a key={project.id} class="plain" href={projectPath(project.owner, project.name)}>
                {project.owner}/{project.name}
              </a>
            ))}
            <span class="row tightest">
              <code>{changeId.slice(0, 12)}…</code>
              <Copy text={changeId} label="Copy change id" />
            </span>
            {startedAt && (
              <span>
                began <Time at={startedAt} />
              </span>
            )}
          </span>
        }
      />
      {entries.length === 0 ? (
        <Empty icon="timeline" title="Nothing is known of it yet">
          What this change causes stands here as it happens.
        </Empty>
      ) : (
        <ol class="timeline" aria-label="Timeline">
          {entries.map((entry) => (
            <EntryRow key={entry.id} entry={entry} />
          ))}
        </ol>
      )}
    </>
  );
}

/** Where an entry leads: the very deployment where it names one. */
function hrefOf(entry: Entry): string | null {
  const { deploymentId, subjectType, subjectId } = entry.detail;
  if (typeof deploymentId === 'string') return `/deployments/${deploymentId}`;
  if (subjectType === 'pipeline' && typeof subjectId === 'string') return `/pipelines/${subjectId}`;
  return entry.link;
}

function textOf(entry: Entry): string | null {
  const { commitTitle, reason, error, body } = entry.detail;
  for (const text of [commitTitle, reason, error, body]) {
    if (typeof text === 'string' && text !== '') return text;
  }
  return null;
}

function EntryRow({ entry }: { entry: Entry }): JSX.Element {
  const href = hrefOf(entry);
  const shown: { state: StateName; word: string } | null =
    entry.state === null ? null : entryState(entry.state);
  const text = textOf(entry);
  return (
    <li class={`timeline-entry ${shown ? `state-${shown.state}` : ''}`}>
      <span class="timeline-mark">
        <Icon name={icons[entry.kind]} size={14} />
      </span>
      <div class="grow">
        <div class="row wrap tightest">
          {href === null ? (
            <span class="line-title">{entry.title}</span>
          ) : (
            <a class="line-title" href={href} data-item="">
              {entry.title}
            </a>
          )}
          {shown && <Status state={shown.state} word={shown.word} />}
        </div>
        {text && <p class="timeline-text">{text}</p>}
        <div class="line-meta">
          {entry.actor && <span>{entry.actor.name}</span>}
          <Time at={entry.at} />
          {entry.endedAt && (
            <span>
              took <Duration start={entry.at} end={entry.endedAt} />
            </span>
          )}
        </div>
      </div>
    </li>
  );
}
