import { type CallOptions, call } from './client.ts';
import { type ProjectRef, projectParams } from './resources.ts';
import type {
  DiffSide,
  MergeRequestStatus,
  MergeStyle,
  Page,
  Review,
  ThreadComment,
} from './types.ts';

const project = '/api/v1/projects/{owner}/{project}';
const base = `${project}/merge-requests`;
const one = `${base}/{number}`;
const at = (ref: ProjectRef, number: number) => ({
  ...projectParams(ref),
  number: String(number),
});

export interface MergeRequestFilter {
  status?: MergeRequestStatus | undefined;
  author?: string | undefined;
  targetBranch?: string | undefined;
  q?: string | undefined;
}

/** Keys that have a value: an empty one is refused by the API. */
function given(filter: MergeRequestFilter): MergeRequestFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => Boolean(value)));
}

export const listMergeRequests = (
  ref: ProjectRef,
  filter: MergeRequestFilter,
  page: { cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
) => call('get', base, { path: projectParams(ref), query: { ...given(filter), ...page }, signal });

export const createMergeRequest = (
  ref: ProjectRef,
  body: NonNullable<CallOptions<'post', typeof base>['body']>,
) => call('post', base, { path: projectParams(ref), body });

export const getMergeRequest = (ref: ProjectRef, number: number, signal?: AbortSignal) =>
  call('get', one, { path: at(ref, number), signal });

export const updateMergeRequest = (
  ref: ProjectRef,
  number: number,
  body: { title?: string; draft?: boolean; body?: string | null; targetBranch?: string },
) => call('patch', one, { path: at(ref, number), body });

export const moveMergeRequest = (ref: ProjectRef, number: number, to: 'close' | 'reopen') =>
  call('post', `${one}/${to}`, { path: at(ref, number) });

export const getPreview = (ref: ProjectRef, number: number, signal?: AbortSignal) =>
  call('get', `${one}/preview`, { path: at(ref, number), signal });

export const commandPreview = (ref: ProjectRef, number: number, word: 'stop' | 'renew') =>
  call('post', `${one}/preview/${word}`, { path: at(ref, number) });

export const getMergeability = (
  ref: ProjectRef,
  number: number,
  style: MergeStyle | undefined,
  signal?: AbortSignal,
) => call('get', `${one}/mergeability`, { path: at(ref, number), query: { style }, signal });

export const merge = (
  ref: ProjectRef,
  number: number,
  body: { style: MergeStyle; message?: string; deleteSource: boolean; headSha: string },
) => call('post', `${one}/merge`, { path: at(ref, number), body });

export const enableAutoMerge = (
  ref: ProjectRef,
  number: number,
  body: { style: MergeStyle; deleteSource: boolean; headSha: string },
) => call('post', `${one}/auto-merge`, { path: at(ref, number), body });

export const cancelAutoMerge = (ref: ProjectRef, number: number) =>
  call('delete', `${one}/auto-merge`, { path: at(ref, number) });

export const getChanges = (ref: ProjectRef, number: number, signal?: AbortSignal) =>
  call('get', `${one}/diff`, { path: at(ref, number), signal });

export const listChangeCommits = (ref: ProjectRef, number: number, cursor?: string) =>
  call('get', `${one}/commits`, { path: at(ref, number), query: { cursor } });

/** Where a comment on a line is put: the head that was looked at, and the line as the diff shows it. */
export interface LinePlace {
  commitSha: string;
  path: string;
  side: DiffSide;
  line: number;
}

export const addComment = (
  ref: ProjectRef,
  number: number,
  body: { body: string; replyTo?: string; position?: LinePlace },
) => call('post', `${one}/comments`, { path: at(ref, number), body });

export const editComment = (ref: ProjectRef, number: number, id: string, body: string) =>
  call('patch', `${one}/comments/{id}`, { path: { ...at(ref, number), id }, body: { body } });

export const settleThread = (ref: ProjectRef, number: number, id: string, resolved: boolean) =>
  call('post', `${one}/comments/{id}/${resolved ? 'resolve' : 'unresolve'}`, {
    path: { ...at(ref, number), id },
  });

export const addReview = (
  ref: ProjectRef,
  number: number,
  body: {
    verdict: Review['verdict'];
    body: string | null;
    commitSha: string;
    targetBranch: string;
  },
) => call('post', `${one}/reviews`, { path: at(ref, number), body });

/** Most pages that a conversation is read in: 2,000 comments. */
const mostPages = 20;

async function all<T>(ask: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const answer = await ask(cursor);
    items.push(...answer.items);
    if (answer.nextCursor === null) break;
    cursor = answer.nextCursor;
  }
  return items;
}

/** All comments, oldest first. */
export const allComments = (
  ref: ProjectRef,
  number: number,
  signal?: AbortSignal,
): Promise<ThreadComment[]> =>
  all((cursor) =>
    call('get', `${one}/comments`, {
      path: at(ref, number),
      query: { cursor, limit: 100 },
      signal,
    }),
  );

/** All reviews, oldest first. */
export const allReviews = (
  ref: ProjectRef,
  number: number,
  signal?: AbortSignal,
): Promise<Review[]> =>
  all((cursor) =>
    call('get', `${one}/reviews`, { path: at(ref, number), query: { cursor, limit: 100 }, signal }),
  );

/** What `to` changed since it left `from`. */
export const compare = (ref: ProjectRef, from: string, to: string, signal?: AbortSignal) =>
  call('get', `${project}/diff`, { path: projectParams(ref), query: { from, to }, signal });
