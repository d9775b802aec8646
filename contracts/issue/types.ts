export const issueStatuses = ['open', 'closed'] as const;
export type IssueStatus = (typeof issueStatuses)[number];

/** Transitions of an issue. */
export const issueTransitions: Readonly<Record<IssueStatus, readonly IssueStatus[]>> = {
  open: ['closed'],
  closed: ['open'],
};
