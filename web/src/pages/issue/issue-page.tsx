import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import {
  addIssueComment,
  editIssueComment,
  getIssue,
  listIssueComments,
  moveIssue,
} from '../../api/issues.ts';
import type { Comment, IssueDetail } from '../../api/types.ts';
import { useCrumbs } from '../../app/breadcrumb.tsx';
import { invalidate, useAction, useList, useLoad } from '../../app/load.ts';
import { projectPath } from '../../app/location.ts';
import { toast } from '../../app/toasts.ts';
import { Button } from '../../components/button.tsx';
import { CommentForm } from '../../components/comment-form.tsx';
import { More, Show } from '../../components/feedback.tsx';
import { personName } from '../../components/person.tsx';
import { Remark } from '../../components/remark.tsx';
import { Time } from '../../components/time.tsx';
import { NotFound } from '../not-found.tsx';
import type { ProjectPageProps } from '../project-page-props.ts';
import { EditIssue } from './edit-issue.tsx';
import { IssueState, issuePath } from './issue-row.tsx';
import { IssueSide } from './issue-side.tsx';

type At = ProjectPageProps['at'];

/** One issue: what it is about, what was said, who works on it. */
export function IssuePage({ at, item = '' }: ProjectPageProps): JSX.Element {
  const number = /^\d{1,9}$/.test(item) ? Number(item) : 0;
  const key = number === 0 ? null : `issues/${at.owner}/${at.project}/${number}`;
  const issue = useLoad(key, (signal) => getIssue(at, number, signal));
  if (number === 0 || issue.problem?.status === 404) return <NotFound what="issue" />;
  return (
    <Show loaded={issue} rows={6} what="Issue">
      {(data) => <IssueView issue={data} at={at} />}
    </Show>
  );
}

function IssueView({ issue, at }: { issue: IssueDetail; at: At }): JSX.Element {
  const [editing, setEditing] = useState(false);
  const list = projectPath(at.owner, at.project, '/issues');
  useCrumbs([
    { text: `${at.owner}/${at.project}`, href: projectPath(at.owner, at.project) },
    { text: 'Issues', href: list },
    { text: `#${issue.number}`, href: issuePath(at, issue.number) },
  ]);
  useEffect(() => {
    const before = document.title;
    document.title = `${issue.title} #${issue.number} · ${at.owner}/${at.project} · Slipway`;
    return () => {
      document.title = before;
    };
  }, [issue.title, issue.number]);
  return (
    <div class="stack">
      {editing ? (
        <EditIssue
          issue={issue}
          at={at}
          onClose={() => {
            setEditing(false);
          }}
        />
      ) : (
        <Head
          issue={issue}
          at={at}
          onEdit={() => {
            setEditing(true);
          }}
        />
      )}
      <div class="columns">
        <div class="stack">
          {!editing && (
            <Remark
              author={issue.author}
              at={at}
              createdAt={issue.createdAt}
              body={issue.body ?? ''}
              did="opened this"
            />
          )}
          <Talk issue={issue} at={at} />
        </div>
        <IssueSide issue={issue} at={at} />
      </div>
    </div>
  );
}

function Head({
  issue,
  at,
  onEdit,
}: {
  issue: IssueDetail;
  at: At;
  onEdit: () => void;
}): JSX.Element {
  return (
    <header class="subject-head">
      <div class="row top">
        <h2 class="grow subject">
          {issue.title} <span class="muted num">#{issue.number}</span>
        </h2>
        {issue.permissions.write && (
          <div class="page-actions">
            <Button icon="edit" onClick={onEdit}>
              Edit
            </Button>
            <Move issue={issue} at={at} />
          </div>
        )}
      </div>
      <p class="line-meta" role="status">
        <IssueState status={issue.status} badge />
        <span>
          {personName(issue.author)} opened it <Time at={issue.createdAt} />
        </span>
      </p>
    </header>
  );
}

/** Closes or opens again; either can be taken back, so nothing is asked. */
function Move({ issue, at }: { issue: IssueDetail; at: At }): JSX.Element {
  const to = issue.status === 'open' ? 'closed' : 'open';
  const move = useAction(async () => {
    try {
      await moveIssue(at, issue.number, to);
      invalidate('issues');
    } catch (error) {
      toast(error instanceof Error ? error.message : 'That did not work.', 'failure');
      invalidate('issues');
    }
  });
  return (
    <Button
      icon={to === 'closed' ? 'issue-closed' : 'issue'}
      pending={move.pending}
      onClick={() => {
        move.run();
      }}
    >
      {to === 'closed' ? 'Close issue' : 'Reopen issue'}
    </Button>
  );
}

function Talk({ issue, at }: { issue: IssueDetail; at: At }): JSX.Element {
  const key = `issues/${at.owner}/${at.project}/${issue.number}/comments`;
  const comments = useList<Comment>(key, (cursor) => listIssueComments(at, issue.number, cursor));
  return (
    <>
      <Show loaded={comments} rows={3} what="Comments">
        {(items) => (
          <div class="stack" role="log" aria-label="Comments">
            {items.map((comment) => (
              <Remark
                key={comment.id}
                id={comment.id}
                author={comment.author}
                at={at}
                createdAt={comment.createdAt}
                updatedAt={comment.updatedAt}
                body={comment.body}
                did="commented"
                onEdit={async (body) => {
                  await editIssueComment(at, issue.number, comment.id, body);
                  invalidate('issues');
                }}
              />
            ))}
          </div>
        )}
      </Show>
      <More list={comments} />
      {issue.permissions.write ? (
        <CommentForm
          at={at}
          draft={`issue.${at.owner}/${at.project}#${issue.number}.comment`}
          send={async (body) => {
            await addIssueComment(at, issue.number, body);
            invalidate('issues');
          }}
        />
      ) : (
        <p class="quiet-line">Whoever may write to the project’s issues can comment here.</p>
      )}
    </>
  );
}
