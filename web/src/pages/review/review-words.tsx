import type { JSX } from 'preact';
import type { ProjectRef } from '../../api/resources.ts';
import type { MergeRequest, MergeStyle, Review } from '../../api/types.ts';
import { projectPath } from '../../app/location.ts';
import { Icon, type IconName } from '../../components/icon.tsx';

/** Address of a merge request. */
export function mergeRequestPath(at: ProjectRef, number: number): string {
  return projectPath(at.owner, at.project, `/merge-requests/${number}`);
}

const states: Readonly<
  Record<MergeRequest['status'] | 'draft', { word: string; tone: string; icon: IconName }>
> = {
  draft: { word: 'Draft', tone: 'queued', icon: 'merge-request' },
  open: { word: 'Open', tone: 'success', icon: 'merge-request' },
  merged: { word: 'Merged', tone: 'blocked', icon: 'merge' },
  closed: { word: 'Closed', tone: 'failure', icon: 'merge-request-closed' },
};

/** Open, a draft, merged or closed, as icon, colour and word. */
export function MergeRequestState({
  mergeRequest: { status, draft },
  badge = false,
}: {
  mergeRequest: Pick<MergeRequest, 'status' | 'draft'>;
  badge?: boolean;
}): JSX.Element {
  const { word, tone, icon } = states[status === 'open' && draft ? 'draft' : status];
  return (
    <span class={`status state-${tone} ${badge ? 'badge' : ''}`} title={badge ? undefined : word}>
      <Icon name={icon} />
      <span class={badge ? '' : 'hidden-visually'}>{word}</span>
    </span>
  );
}

/** How each style of merging is told to people. */
export const styleWords: Readonly<Record<MergeStyle, { word: string; does: string }>> = {
  merge: { word: 'Merge commit', does: 'All commits, and a merge commit over them.' },
  rebase: { word: 'Rebase', does: 'All commits anew on top of the target, no merge commit.' },
  'rebase-merge': {
    word: 'Rebase and merge commit',
    does: 'All commits anew on top of the target, and a merge commit over them.',
  },
  squash: { word: 'Squash', does: 'One new commit on top of the target.' },
  'fast-forward-only': {
    word: 'Fast-forward',
    does: 'The target moves to the newest commit; nothing is made anew.',
  },
};

export const verdictWords: Readonly<
  Record<Review['verdict'], { did: string; tone: string; icon: IconName }>
> = {
  approve: { did: 'approved', tone: 'success', icon: 'check' },
  request_changes: { did: 'asked for changes', tone: 'failure', icon: 'alert' },
  comment: { did: 'reviewed', tone: 'queued', icon: 'comment' },
};

/** Source and target of a merge request. */
export function Branches({
  mergeRequest,
}: {
  mergeRequest: Pick<MergeRequest, 'sourceBranch' | 'targetBranch'>;
}): JSX.Element {
  return (
    <span class="row tightest truncate">
      <Icon name="branch" size={12} />
      <code class="truncate">{mergeRequest.sourceBranch}</code>
      <span aria-label="into">→</span>
      <code>{mergeRequest.targetBranch}</code>
    </span>
  );
}
