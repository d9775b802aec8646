export const mergeRequestStatuses = ['open', 'merged', 'closed'] as const;
export type MergeRequestStatus = (typeof mergeRequestStatuses)[number];

/** Transitions of a merge request. What was merged stays merged. */
export const mergeRequestTransitions: Readonly<
  Record<MergeRequestStatus, readonly MergeRequestStatus[]>
> = {
  open: ['merged', 'closed'],
  closed: ['open'],
  merged: [],
};

/**
 * How a merge request reaches its target.
 * - `merge`: a merge commit, always.
 * - `rebase`: its commits anew on top of the target.
 * - `rebase-merge`: the same, and a merge commit over them.
 * - `squash`: one new commit.
 * - `fast-forward-only`: the target moves to the head, or it is refused.
 */
export const mergeStyles = [
  'merge',
  'rebase',
  'rebase-merge',
  'squash',
  'fast-forward-only',
] as const;
export type MergeStyle = (typeof mergeStyles)[number];

export const reviewVerdicts = ['approve', 'request_changes', 'comment'] as const;
export type ReviewVerdict = (typeof reviewVerdicts)[number];

/** Which side of a diff a line is on: of the merge base, or of the head. */
export const diffSides = ['old', 'new'] as const;
export type DiffSide = (typeof diffSides)[number];

export const ruleStates = ['passed', 'missing', 'pending'] as const;
export type RuleState = (typeof ruleStates)[number];

/** One condition of a merge and how it stands. */
export interface MergeRule {
  /** `status`, `draft`, `branches`, `commits`, `merge_style`, `conflicts`, `changes_requested`, `approvals`, `check:<name>`, `code_owners` */
  rule: string;
  state: RuleState;
  /** one sentence */
  detail: string;
  /** what is missing: paths that conflict, reviewers, owners by pattern */
  missing: string[];
}
