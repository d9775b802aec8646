import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Typed search attributes on every run. Ids and states only: they are not encrypted by the payload codec. */
export const searchAttributes = {
  changeId: defineSearchAttributeKey('ChangeId', SearchAttributeType.KEYWORD),
  projectId: defineSearchAttributeKey('ProjectId', SearchAttributeType.KEYWORD),
  kind: defineSearchAttributeKey('Kind', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('State', SearchAttributeType.KEYWORD),
} as const;

/** Names and Temporal types, for registering them at a server. */
export const searchAttributeTypes = {
  ChangeId: 'Keyword',
  ProjectId: 'Keyword',
  Kind: 'Keyword',
  State: 'Keyword',
} as const;
