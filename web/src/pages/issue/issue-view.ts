import type { IssueStatus } from '../../api/types.ts';
import { oneOf } from '../../lib/one-of.ts';

/** What of the issues is shown, as the address says it. */
export interface IssueView {
  shape: 'list' | 'board';
  /** columns of the board */
  by: 'state' | 'label';
  state: 'open' | 'closed' | 'all';
  q: string;
  label: string;
  assignee: string;
  author: string;
  /** for the API, without text and state */
  filter: { label: string; assignee: string; author: string };
}

/** Reads the query of the address; whatever it does not know is as if it were not there. */
export function readView(query: Readonly<Record<string, string>>): IssueView {
  const filter = {
    label: query['label'] ?? '',
    assignee: query['assignee'] ?? '',
    author: query['author'] ?? '',
  };
  return {
    shape: oneOf(['list', 'board'] as const, query['view']) ?? 'list',
    by: oneOf(['state', 'label'] as const, query['by']) ?? 'state',
    state: oneOf(['open', 'closed', 'all'] as const, query['state']) ?? 'open',
    q: query['q'] ?? '',
    ...filter,
    filter,
  };
}

/** The status that a state of the list asks the API for. */
export function statusOf(state: IssueView['state']): IssueStatus | undefined {
  return state === 'all' ? undefined : state;
}
