import type { DefinedRoute } from '../../define-route.ts';
import { advertiseRefsRoute } from './advertise-refs.ts';
import { getArchiveRoute } from './get-archive.ts';
import { getCommitRoute } from './get-commit.ts';
import { getDiffRoute } from './get-diff.ts';
import { getFileRoute, getReadmeRoute } from './get-file.ts';
import { getRawRoute } from './get-raw.ts';
import { getTreeRoute } from './get-tree.ts';
import { listBranchesRoute } from './list-branches.ts';
import { listCommitsRoute } from './list-commits.ts';
import { listTagsRoute } from './list-tags.ts';
import {
  createProtectedBranchRoute,
  deleteProtectedBranchRoute,
  listProtectedBranchesRoute,
  updateProtectedBranchRoute,
} from './protected-branches.ts';
import { receivePackRoute } from './receive-pack.ts';
import { uploadPackRoute } from './upload-pack.ts';

export const gitRoutes: readonly DefinedRoute[] = [
  listBranchesRoute,
  listTagsRoute,
  listCommitsRoute,
  getCommitRoute,
  getTreeRoute,
  getFileRoute,
  getReadmeRoute,
  getRawRoute,
  getDiffRoute,
  getArchiveRoute,
  listProtectedBranchesRoute,
  createProtectedBranchRoute,
  updateProtectedBranchRoute,
  deleteProtectedBranchRoute,
  advertiseRefsRoute,
  uploadPackRoute,
  receivePackRoute,
];
