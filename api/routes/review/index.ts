import type { DefinedRoute } from '../../define-route.ts';
import { closeMergeRequestRoute, reopenMergeRequestRoute } from './change-status.ts';
import {
  commentMergeRequestRoute,
  editMergeRequestCommentRoute,
  listMergeRequestCommentsRoute,
  resolveThreadRoute,
  unresolveThreadRoute,
} from './comments.ts';
import { createMergeRequestRoute } from './create-merge-request.ts';
import { getMergeRequestRoute } from './get-merge-request.ts';
import { getMergeabilityRoute } from './get-mergeability.ts';
import { listMergeRequestsRoute } from './list-merge-requests.ts';
import { cancelAutoMergeRoute, enableAutoMergeRoute, mergeMergeRequestRoute } from './merge.ts';
import { previewRoutes } from './preview.ts';
import { getMergeRequestDiffRoute, listMergeRequestCommitsRoute } from './read-changes.ts';
import { listReviewsRoute, reviewMergeRequestRoute } from './reviews.ts';
import { updateMergeRequestRoute } from './update-merge-request.ts';

export const reviewRoutes: readonly DefinedRoute[] = [
  listMergeRequestsRoute,
  createMergeRequestRoute,
  getMergeRequestRoute,
  updateMergeRequestRoute,
  closeMergeRequestRoute,
  reopenMergeRequestRoute,
  getMergeRequestDiffRoute,
  listMergeRequestCommitsRoute,
  getMergeabilityRoute,
  mergeMergeRequestRoute,
  enableAutoMergeRoute,
  cancelAutoMergeRoute,
  listMergeRequestCommentsRoute,
  commentMergeRequestRoute,
  editMergeRequestCommentRoute,
  resolveThreadRoute,
  unresolveThreadRoute,
  listReviewsRoute,
  reviewMergeRequestRoute,
  ...previewRoutes,
];
