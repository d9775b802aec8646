import type { JSX } from 'preact';
import type { ProjectRef } from '../../api/resources.ts';
import type { Issue } from '../../api/types.ts';
import { projectPath, withQuery } from '../../app/location.ts';
import { Icon } from '../../components/icon.tsx';
import { Label } from '../../components/label.tsx';
import { Person } from '../../components/person.tsx';
import { Time } from '../../components/time.tsx';

/** Address of an issue. */
export function issuePath(at: ProjectRef, number: number): string {
  return projectPath(at.owner, at.project, `/issues/${number}`);
}

/** Whether an issue is open, as icon, colour and word. */
export function IssueState({
  status,
  badge = false,
}: {
  status: Issue['status'];
  badge?: boolean;
}): JSX.Element {
  const open = status === 'open';
  const word = open ? 'Open' : 'Closed';
  return (
    <span
      class={`status ${open ? 'state-success' : 'state-blocked'} ${badge ? 'badge' : ''}`}
      title={badge ? undefined : word}
    >
      <Icon name={open ? 'issue' : 'issue-closed'} />
      <span class={badge ? '' : 'hidden-visually'}>{word}</span>
    </span>
  );
}

/** How many comments there are; nothing while there are none. */
export function CommentCount({ count }: { count: number }): JSX.Element | null {
  if (count === 0) return null;
  return (
    <span class="row tightest num" title={`${count} ${count === 1 ? 'comment' : 'comments'}`}>
      <Icon name="comment" size={12} label="Comments" />
      {count}
    </span>
  );
}

/** One issue as a line of a list. */
export function IssueRow({ issue, at }: { issue: Issue; at: ProjectRef }): JSX.Element {
  return (
    <li class="line-row">
      <IssueState status={issue.status} />
      <div class="grow">
        <a class="line-title truncate" href={issuePath(at, issue.number)} data-item="">
          {issue.title}
        </a>
        <div class="line-meta">
          <span class="num">#{issue.number}</span>
          <span>
            opened <Time at={issue.createdAt} /> by {issue.author.displayName ?? issue.author.name}
          </span>
          {issue.labels.map((label) => (
            <Label
              key={label}
              label={label}
              href={withQuery(projectPath(at.owner, at.project, '/issues'), { label })}
            />
          ))}
        </div>
      </div>
      <div class="row line-side">
        <CommentCount count={issue.commentCount} />
        {issue.assignee && <Person user={issue.assignee} withName={false} />}
      </div>
    </li>
  );
}
