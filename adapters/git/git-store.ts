import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { branchNameProblem } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { care } from './care.ts';
import { mustRunGit } from './git-process.ts';
import { createLimiter } from './limiter.ts';
import { mapLines } from './map-lines.ts';
import {
  changedPaths,
  commitsBetween,
  commitTree,
  countBetween,
  keepCommit,
  mergeCommits,
  moveRefs,
  treeOf,
} from './merge-objects.ts';
import { diff } from './read-diff.ts';
import {
  archive,
  listTree,
  log,
  readBlob,
  readCommit,
  statPath,
  streamBlob,
} from './read-objects.ts';
import {
  isAncestor,
  listBranches,
  listRefs,
  listTags,
  mergeBase,
  readHead,
  resolveCommit,
  setHead,
} from './read-refs.ts';
import { repositoryDir, repositoryExists } from './repository-path.ts';
import type { GitContext } from './repository-context.ts';
import { advertise, receivePack, uploadPack } from './smart-http.ts';

export interface GitStoreOptions {
  /** directory that holds `owner/name.git` */
  root: string;
  /** directory for our hook scripts */
  hooksDir: string;
  gitPath?: string;
  /** where git's children are started; by this process itself without one */
  spawner?: Spawner | undefined;
  /** packs made for clients at once; default 4 */
  maxUploadPacks?: number;
  /** how long a fetch may wait for its turn; default 60 s */
  maxWaitMs?: number;
  /** how long the check of a push may take before the push is refused; default 60 s */
  checkTimeoutMs?: number;
}

async function createRepository(
  context: GitContext,
  repoPath: string,
  defaultBranch: string,
): Promise<void> {
  const dir = repositoryDir(context.root, repoPath);
  if (branchNameProblem(defaultBranch) !== null) {
    throw new DomainError('validation_failed', 'The name of the default branch is not valid.');
  }
  // Made aside and moved into place, so that no half-made repository can be seen.
  const fresh = path.join(context.root, '.new', randomUUID());
  await mkdir(fresh, { recursive: true });
  await mkdir(path.dirname(dir), { recursive: true });
  try {
    const args = ['init', '--quiet', '--bare', '--template=', `--initial-branch=${defaultBranch}`];
    await mustRunGit(context.setting, [...args, '.'], { cwd: fresh });
    await rename(fresh, dir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') {
      throw new DomainError('already_exists', 'There is a repository of this name.');
    }
    throw error;
  }
}

async function removeRepository(context: GitContext, repoPath: string): Promise<void> {
  const dir = repositoryDir(context.root, repoPath);
  const trash = path.join(context.root, '.trash', randomUUID());
  await mkdir(path.dirname(trash), { recursive: true });
  try {
    await rename(dir, trash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(trash, { recursive: true, force: true });
}

/** Bare repositories below `root`, by the git executable. Needs git 2.38 or later. */
export function createGitStore(options: GitStoreOptions): GitStore {
  const context: GitContext = {
    root: path.resolve(options.root),
    setting: {
      hooksDir: path.resolve(options.hooksDir),
      gitPath: options.gitPath ?? 'git',
      spawner: options.spawner,
    },
    reads: createLimiter({ running: 16, waiting: 1000, maxWaitMs: 30_000 }),
  };
  const packs = createLimiter({
    running: options.maxUploadPacks ?? 4,
    waiting: 500,
    maxWaitMs: options.maxWaitMs ?? 60_000,
  });
  return {
    create: (repoPath, branch) => createRepository(context, repoPath, branch),
    remove: (repoPath) => removeRepository(context, repoPath),
    exists: (repoPath) => repositoryExists(repositoryDir(context.root, repoPath)),
    advertise: (...args) => advertise(context, ...args),
    uploadPack: (...args) => uploadPack(context, packs, ...args),
    receivePack: (...args) => receivePack(context, options.checkTimeoutMs ?? 60_000, ...args),
    listRefs: (...args) => listRefs(context, ...args),
    listBranches: (...args) => listBranches(context, ...args),
    listTags: (...args) => listTags(context, ...args),
    readHead: (...args) => readHead(context, ...args),
    setHead: (...args) => setHead(context, ...args),
    resolveCommit: (...args) => resolveCommit(context, ...args),
    isAncestor: (...args) => isAncestor(context, ...args),
    mergeBase: (...args) => mergeBase(context, ...args),
    readCommit: (...args) => readCommit(context, ...args),
    log: (...args) => log(context, ...args),
    statPath: (...args) => statPath(context, ...args),
    listTree: (...args) => listTree(context, ...args),
    readBlob: (...args) => readBlob(context, ...args),
    streamBlob: (...args) => streamBlob(context, ...args),
    diff: (...args) => diff(context, ...args),
    archive: (...args) => archive(context, ...args),
    mergeCommits: (...args) => mergeCommits(context, ...args),
    treeOf: (...args) => treeOf(context, ...args),
    commitTree: (...args) => commitTree(context, ...args),
    moveRefs: (...args) => moveRefs(context, ...args),
    keepCommit: (...args) => keepCommit(context, ...args),
    commitsBetween: (...args) => commitsBetween(context, ...args),
    countBetween: (...args) => countBetween(context, ...args),
    changedPaths: (...args) => changedPaths(context, ...args),
    mapLines: (...args) => mapLines(context, ...args),
    care: (...args) => care(context, ...args),
  };
}
