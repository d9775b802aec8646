import type { ProjectRef } from '../../api/resources.ts';
import { allComments, allReviews } from '../../api/reviews.ts';
import type { DiffSide, Review, ThreadComment } from '../../api/types.ts';
import { invalidate, type Loaded, useLoad } from '../../app/load.ts';

/** A comment with the answers to it. */
export interface Thread {
  root: ThreadComment;
  replies: ThreadComment[];
}

/** What was said, in order. */
export type Word =
  { kind: 'thread'; at: string; thread: Thread } | { kind: 'review'; at: string; review: Review };

/** Comments as threads, oldest first; an answer whose beginning is missing begins one itself. */
export function toThreads(comments: readonly ThreadComment[]): Thread[] {
  const threads = new Map<string, Thread>();
  for (const comment of comments) {
    const thread = comment.threadId === null ? undefined : threads.get(comment.threadId);
    if (thread) thread.replies.push(comment);
    else threads.set(comment.id, { root: comment, replies: [] });
  }
  return [...threads.values()];
}

/** Threads and reviews in the order in which they began. */
export function toWords(threads: readonly Thread[], reviews: readonly Review[]): Word[] {
  const words: Word[] = [
    ...threads.map((thread): Word => ({ kind: 'thread', at: thread.root.createdAt, thread })),
    ...reviews.map((review): Word => ({ kind: 'review', at: review.createdAt, review })),
  ];
  return words.sort((a, b) => a.at.localeCompare(b.at));
}

/** Where a thread on a line is now; null for one on the whole, or whose line is gone. */
export function lineOf(thread: Thread): { path: string; side: DiffSide; line: number } | null {
  const { position, current } = thread.root;
  if (position === null || current === null || current.outdated) return null;
  if (current.path === null || current.line === null) return null;
  return { path: current.path, side: position.side, line: current.line };
}

/** The code under a thread has changed so much that its line is gone. */
export function isOutdated(thread: Thread): boolean {
  return thread.root.position !== null && lineOf(thread) === null;
}

export function useThreads(at: ProjectRef, number: number): Loaded<Thread[]> {
  const key = `merge-requests/${at.owner}/${at.project}/${number}/comments`;
  const loaded = useLoad(key, (signal) => allComments(at, number, signal));
  return { ...loaded, data: loaded.data && toThreads(loaded.data) };
}

export function useReviews(at: ProjectRef, number: number): Loaded<Review[]> {
  const key = `merge-requests/${at.owner}/${at.project}/${number}/reviews`;
  return useLoad(key, (signal) => allReviews(at, number, signal));
}

/** Asks again for all that is shown of merge requests. */
export function refresh(): void {
  invalidate('merge-requests');
  invalidate('mergeability');
}
