import { call } from './client.ts';
import { type ProjectRef, projectParams } from './resources.ts';
import type { IssueStatus } from './types.ts';

const project = '/api/v1/projects/{owner}/{project}';
const base = `${project}/issues`;
const at = (ref: ProjectRef, number: number) => ({
  ...projectParams(ref),
  number: String(number),
});

export interface IssueFilter {
  status?: IssueStatus | undefined;
  /** one, or all of several */
  label?: string | string[] | undefined;
  /** issues without any label */
  unlabelled?: 'true' | undefined;
  assignee?: string | undefined;
  author?: string | undefined;
  q?: string | undefined;
}

/** Keys of the address and of the API that have a value. */
function given(filter: IssueFilter): IssueFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => Boolean(value)));
}

export const listIssues = (
  ref: ProjectRef,
  filter: IssueFilter,
  page: { cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
) => call('get', base, { path: projectParams(ref), query: { ...given(filter), ...page }, signal });

/** Labels with `q` in them; `''` for all. */
export const listLabels = (ref: ProjectRef, q: string, signal?: AbortSignal) =>
  call('get', `${project}/labels`, {
    path: projectParams(ref),
    query: q === '' ? {} : { q },
    signal,
  });

export const getIssue = (ref: ProjectRef, number: number, signal?: AbortSignal) =>
  call('get', `${base}/{number}`, { path: at(ref, number), signal });

export interface IssueInput {
  title?: string;
  body?: string | null;
  labels?: string[];
  assignee?: string | null;
}

export const createIssue = (ref: ProjectRef, input: IssueInput & { title: string }) =>
  call('post', base, { path: projectParams(ref), body: input });

export const updateIssue = (ref: ProjectRef, number: number, input: IssueInput) =>
  call('patch', `${base}/{number}`, { path: at(ref, number), body: input });

export const moveIssue = (ref: ProjectRef, number: number, status: IssueStatus) =>
  call('post', `${base}/{number}/${status === 'closed' ? 'close' : 'reopen'}`, {
    path: at(ref, number),
  });

export const listIssueComments = (ref: ProjectRef, number: number, cursor?: string) =>
  call('get', `${base}/{number}/comments`, {
    path: at(ref, number),
    query: { cursor, limit: 100 },
  });

export const addIssueComment = (ref: ProjectRef, number: number, body: string) =>
  call('post', `${base}/{number}/comments`, { path: at(ref, number), body: { body } });

export const editIssueComment = (ref: ProjectRef, number: number, id: string, body: string) =>
  call('patch', `${base}/{number}/comments/{id}`, {
    path: { ...at(ref, number), id },
    body: { body },
  });

/** Members with `q` in their name; `''` for all. */
export const listMembers = (ref: ProjectRef, q: string, signal?: AbortSignal) =>
  call('get', `${project}/members`, {
    path: projectParams(ref),
    query: { limit: 100, ...(q === '' ? {} : { q }) },
    signal,
  });
