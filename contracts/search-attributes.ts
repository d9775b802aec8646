import {
  defineSearchAttributeKey,
  SearchAttributeType,
  type SearchAttributePair,
} from '@temporalio/common';

/** Typed search attributes on every run. Ids and states only: they are not encrypted by the payload codec. */
export const searchAttributes = {
  changeId: defineSearchAttributeKey('ChangeId', SearchAttributeType.KEYWORD),
  projectId: defineSearchAttributeKey('ProjectId', SearchAttributeType.KEYWORD),
  kind: defineSearchAttributeKey('Kind', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('State', SearchAttributeType.KEYWORD),
} as const;

/** What a run is listed by from its first event on, in an order that never changes: histories are replayed with it. */
export function runAttributes(run: {
  changeId: string | null;
  projectId: string;
  kind: string;
  state: string;
}): SearchAttributePair[] {
  const { changeId, projectId, kind, state } = run;
  return [
    ...(changeId === null ? [] : [{ key: searchAttributes.changeId, value: changeId }]),
    { key: searchAttributes.projectId, value: projectId },
    { key: searchAttributes.kind, value: kind },
    { key: searchAttributes.state, value: state },
  ];
}

/** Names and Temporal types, for registering them at a server. */
export const searchAttributeTypes = {
  ChangeId: 'Keyword',
  ProjectId: 'Keyword',
  Kind: 'Keyword',
  State: 'Keyword',
} as const;
