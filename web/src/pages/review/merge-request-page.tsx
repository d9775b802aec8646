import type { FunctionComponent, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ProjectRef } from '../../api/resources.ts';
import { getMergeRequest, listChangeCommits, moveMergeRequest } from '../../api/reviews.ts';
import type { Commit, MergeRequestDetail, Run } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { type LoadedList, useAction, useList, useLoad } from '../../app/load.ts';
import { projectPath, useQuery, withQuery } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { deferred } from '../../components/deferred.tsx';
import { Empty, More, Show } from '../../components/feedback.tsx';
import { Tabs } from '../../components/page.tsx';
import { personName } from '../../components/person.tsx';
import { runState, Status } from '../../components/status.tsx';
import { Time } from '../../components/time.tsx';
import { oneOf } from '../../lib/one-of.ts';
import { NotFound } from '../not-found.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { Checks, useHeadRuns } from './checks.tsx';
import { CommitList } from './commit-list.tsx';
import { Conversation } from './conversation.tsx';
import { EditMergeRequest } from './edit-merge-request.tsx';
import { PreviewBox } from './preview-box.tsx';
import { ReviewButton } from './review-form.tsx';
import { Branches, mergeRequestPath, MergeRequestState } from './review-words.tsx';
import { refresh } from './threads.ts';

const Changes = deferred(() => import('./changes.tsx').then((m) => m.Changes));

interface TabProps {
  mergeRequest: MergeRequestDetail;
  at: ProjectRef;
}

const tabs = ['conversation', 'commits', 'changes', 'checks'] as const;
const contents: Readonly<Record<(typeof tabs)[number], FunctionComponent<TabProps>>> = {
  conversation: Conversation,
  commits: Commits,
  changes: Changes,
  checks: Checks,
};

/** One merge request: what it is for, what was said, its commits, changes and checks, and the way to merge it. */
export function MergeRequestPage({ at, item = '' }: ProjectPageProps): JSX.Element {
  const number = /^\d{1,9}$/.test(item) ? Number(item) : 0;
  const key = number === 0 ? null : `merge-requests/${at.owner}/${at.project}/${number}`;
  const loaded = useLoad(key, (signal) => getMergeRequest(at, number, signal));
  if (number === 0 || loaded.problem?.status === 404) return <NotFound what="merge request" />;
  return (
    <Show loaded={loaded} rows={6} what="Merge request">
      {(data) => <View mergeRequest={data} at={at} />}
    </Show>
  );
}

function View({ mergeRequest, at }: TabProps): JSX.Element {
  const { query } = useQuery();
  const [editing, setEditing] = useState(false);
  const { number, title } = mergeRequest;
  const own = mergeRequestPath(at, number);
  useCrumbs([
    { text: `${at.owner}/${at.project}`, href: projectPath(at.owner, at.project) },
    { text: 'Merge requests', href: projectPath(at.owner, at.project, '/merge-requests') },
    { text: `!${number}`, href: own },
  ]);
  useEffect(() => {
    const before = document.title;
    document.title = `${title} !${number} · ${at.owner}/${at.project} · Slipway`;
    return () => {
      document.title = before;
    };
  }, [title, number]);
  const tab = oneOf(tabs, query['tab']) ?? 'conversation';
  const Content = contents[tab];
  const link = (name: (typeof tabs)[number], text: string, count?: number) => ({
    href: withQuery(own, { tab: name === 'conversation' ? undefined : name }),
    text,
    current: tab === name,
    ...(count === undefined ? {} : { count }),
  });
  return (
    <>
      {editing ? (
        <EditMergeRequest
          mergeRequest={mergeRequest}
          at={at}
          onClose={() => {
            setEditing(false);
          }}
        />
      ) : (
        <Head
          mergeRequest={mergeRequest}
          at={at}
          onEdit={() => {
            setEditing(true);
          }}
        />
      )}
      <PreviewBox mergeRequest={mergeRequest} at={at} />
      <Tabs
        label="Merge request"
        tabs={[
          link(
            'conversation',
            'Conversation',
            mergeRequest.commentCount + mergeRequest.reviewCount,
          ),
          link('commits', 'Commits'),
          link('changes', 'Changes'),
          link('checks', 'Checks'),
        ]}
      />
      <Content mergeRequest={mergeRequest} at={at} />
    </>
  );
}

function Head({ mergeRequest, at, onEdit }: TabProps & { onEdit: () => void }): JSX.Element {
  const { status, permissions } = mergeRequest;
  return (
    <header class="subject-head spaced">
      <div class="row top">
        <h2 class="grow subject">
          {mergeRequest.title} <span class="muted num">!{mergeRequest.number}</span>
        </h2>
        {permissions.write && (
          <div class="page-actions">
            <Button icon="edit" onClick={onEdit}>
              Edit
            </Button>
            {status !== 'merged' && <Move mergeRequest={mergeRequest} at={at} />}
            {status === 'open' && <ReviewButton mergeRequest={mergeRequest} at={at} />}
          </div>
        )}
      </div>
      <div class="line-meta" role="status">
        <MergeRequestState mergeRequest={mergeRequest} badge />
        <span>
          {personName(mergeRequest.author)} opened it <Time at={mergeRequest.createdAt} />
        </span>
        <Branches mergeRequest={mergeRequest} />
        {mergeRequest.sourceDeleted && <span>source branch deleted</span>}
        <NewestRun runs={useHeadRuns(mergeRequest, at)} />
      </div>
    </header>
  );
}

/** How the newest pipeline of the head stands; it leads to it. */
function NewestRun({ runs }: { runs: LoadedList<Run> }): JSX.Element | null {
  const newest = runs.data?.[0];
  if (!newest) return null;
  return (
    <a class="plain row tightest" href={`/pipelines/${newest.id}`}>
      <Status state={runState(newest)} /> <span class="num">#{newest.number}</span>
    </a>
  );
}

/** Closes without merging, or opens again; either can be taken back. */
function Move({ mergeRequest, at }: TabProps): JSX.Element {
  const open = mergeRequest.status === 'open';
  const move = useAction(async () => {
    try {
      await moveMergeRequest(at, mergeRequest.number, open ? 'close' : 'reopen');
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
    }
    refresh();
  });
  return (
    <Button
      icon={open ? 'merge-request-closed' : 'merge-request'}
      pending={move.pending}
      onClick={() => {
        move.run();
      }}
    >
      {open ? 'Close' : 'Reopen'}
    </Button>
  );
}

function Commits({ mergeRequest, at }: TabProps): JSX.Element {
  const { number, headSha } = mergeRequest;
  const key = `repository/${at.owner}/${at.project}/mr/${number}/${headSha}/commits`;
  const list = useList<Commit>(key, (cursor) => listChangeCommits(at, number, cursor));
  return (
    <>
      <Show loaded={list} rows={4} what="Commits">
        {(commits) =>
          commits.length === 0 ? (
            <Empty icon="commit" title="No commits">
              The target has all of them already.
            </Empty>
          ) : (
            <CommitList commits={commits} at={at} />
          )
        }
      </Show>
      <More list={list} />
    </>
  );
}
