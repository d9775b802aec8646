import type { DefinedRoute } from '../../define-route.ts';
import { closeIssueRoute, reopenIssueRoute } from './change-issue-status.ts';
import { commentIssueRoute, editIssueCommentRoute, listIssueCommentsRoute } from './comments.ts';
import { createIssueRoute } from './create-issue.ts';
import { getIssueRoute } from './get-issue.ts';
import { listIssuesRoute } from './list-issues.ts';
import { listLabelsRoute } from './list-labels.ts';
import { updateIssueRoute } from './update-issue.ts';

export const issueRoutes: readonly DefinedRoute[] = [
  listIssuesRoute,
  listLabelsRoute,
  createIssueRoute,
  getIssueRoute,
  updateIssueRoute,
  closeIssueRoute,
  reopenIssueRoute,
  listIssueCommentsRoute,
  commentIssueRoute,
  editIssueCommentRoute,
];
