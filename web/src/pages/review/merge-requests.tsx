import type { JSX } from 'preact';
import { listMergeRequests } from '../../api/reviews.ts';
import type { MergeRequest } from '../../api/types.ts';
import { type LoadedList, useKept, useList, useLoad, useSettled } from '../../app/load.ts';
import { projectPath, useQuery } from '../../app/location.ts';
import { ButtonLink } from '../../components/button.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Filter } from '../../components/field.tsx';
import { personName } from '../../components/person.tsx';
import { Time } from '../../components/time.tsx';
import { oneOf } from '../../lib/one-of.ts';
import { CommentCount } from '../issue/issue-row.tsx';
import { PersonPicker } from '../issue/person-picker.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { Branches, mergeRequestPath, MergeRequestState } from './review-words.tsx';

const states = ['open', 'merged', 'closed', 'all'] as const;
const words = { open: 'Open', merged: 'Merged', closed: 'Closed', all: 'All' } as const;

/** Merge requests of a project; what is shown stands in the address. */
export function MergeRequests({ at, may }: ProjectPageProps): JSX.Element {
  const { query, setQuery } = useQuery();
  const state = oneOf(states, query['state']) ?? 'open';
  const author = query['author'] ?? '';
  const q = useSettled(query['q'] ?? '');
  const filter = { author, q };
  const key = `merge-requests/${at.owner}/${at.project}`;
  const list = useKept<MergeRequest[], LoadedList<MergeRequest>>(
    useList(`${key}/list/${state}/${JSON.stringify(filter)}`, (cursor, signal) =>
      listMergeRequests(
        at,
        { ...filter, status: state === 'all' ? undefined : state },
        { cursor, limit: 50 },
        signal,
      ),
    ),
  );
  const write = may('project:write');
  return (
    <>
      <div class="toolbar filters">
        <Filter
          label="Filter by title, text or number"
          value={query['q'] ?? ''}
          onValue={(value) => {
            setQuery({ q: value });
          }}
        />
        <PersonPicker
          label="Author"
          bare
          at={at}
          value={author}
          none={[['', 'Any author']]}
          onValue={(value) => {
            setQuery({ author: value });
          }}
        />
        <span class="grow" />
        {write && <NewLink at={at} primary />}
      </div>
      <States at={at} state={state} filter={filter} />
      <Show loaded={list} rows={8} what="Merge requests">
        {(items) =>
          items.length === 0 ? (
            <None at={at} filtered={author !== '' || q !== ''} state={state} write={write} />
          ) : (
            <ul class="line-list" aria-label="Merge requests">
              {items.map((item) => (
                <Row key={item.id} mergeRequest={item} at={at} />
              ))}
            </ul>
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}

function NewLink({
  at,
  primary = false,
}: {
  at: ProjectPageProps['at'];
  primary?: boolean;
}): JSX.Element {
  return (
    <ButtonLink
      href={projectPath(at.owner, at.project, '/merge-requests/new')}
      icon="plus"
      kind={primary ? 'primary' : 'plain'}
    >
      New merge request
    </ButtonLink>
  );
}

function States({
  at,
  state,
  filter,
}: {
  at: ProjectPageProps['at'];
  state: (typeof states)[number];
  filter: { author: string; q: string };
}): JSX.Element {
  const { setQuery } = useQuery();
  const key = `merge-requests/${at.owner}/${at.project}/counts/${JSON.stringify(filter)}`;
  const { data } = useKept(
    useLoad(key, (signal) => listMergeRequests(at, filter, { limit: 1 }, signal)),
  );
  const counts = data && {
    ...data.counts,
    all: data.counts.open + data.counts.merged + data.counts.closed,
  };
  return (
    <div class="states">
      <div class="segmented" role="group" aria-label="State">
        {states.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={state === each}
            onClick={() => {
              setQuery({ state: each === 'open' ? undefined : each });
            }}
          >
            {words[each]} <span class="num">{counts?.[each] ?? ''}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function Row({
  mergeRequest,
  at,
}: {
  mergeRequest: MergeRequest;
  at: ProjectPageProps['at'];
}): JSX.Element {
  return (
    <li class="line-row">
      <MergeRequestState mergeRequest={mergeRequest} />
      <div class="grow">
        <a
          class="line-title truncate"
          href={mergeRequestPath(at, mergeRequest.number)}
          data-item=""
        >
          {mergeRequest.title}
        </a>
        <div class="line-meta">
          <span class="num">!{mergeRequest.number}</span>
          <span>
            opened <Time at={mergeRequest.createdAt} /> by {personName(mergeRequest.author)}
          </span>
          <Branches mergeRequest={mergeRequest} />
          {mergeRequest.autoMerge && <span class="chip">merges itself</span>}
        </div>
      </div>
      <div class="row line-side">
        <CommentCount count={mergeRequest.commentCount + mergeRequest.reviewCount} />
      </div>
    </li>
  );
}

function None({
  at,
  filtered,
  state,
  write,
}: {
  at: ProjectPageProps['at'];
  filtered: boolean;
  state: (typeof states)[number];
  write: boolean;
}): JSX.Element {
  if (filtered) {
    return (
      <Empty
        icon="search"
        title="No merge request matches this filter"
        action={
          <ButtonLink href={projectPath(at.owner, at.project, '/merge-requests')}>
            Clear the filter
          </ButtonLink>
        }
      />
    );
  }
  const what = state === 'all' ? 'No merge requests' : `No ${state} merge requests`;
  return (
    <Empty
      icon="merge-request"
      title={what}
      action={write && state === 'open' && <NewLink at={at} />}
    >
      Push a branch and ask for it to be merged: others see the change, its checks run, and it is
      merged when every rule of the target branch has passed.
    </Empty>
  );
}
