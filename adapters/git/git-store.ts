import path from 'node:path';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { care } from './care.ts';
import { layClone } from './lay-clone.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { createRepository, removeRepository } from './make-repository.ts';
import { mapLines } from './map-lines.ts';
import type { GitMemory } from './memory-limit.ts';
import {
  changedPaths,
  commitsBetween,
  commitTree,
  countBetween,
  keepCommit,
  mergeCommits,
  moveRefs,
  setReservedRefs,
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
  statPaths,
  streamBlob,
} from './read-objects.ts';
import {
  commitsWithout,
  isAncestor,
  listBranches,
  listRefs,
  listTags,
  mergeBase,
  mergeBases,
  readHead,
  resolveCommit,
  setHead,
} from './read-refs.ts';
import { repositoryDir, repositoryExists } from './repository-path.ts';
import type { GitContext, GitPlaces } from './repository-context.ts';
import { receivePack, type PushLimits } from './receive-pack.ts';
import { advertise, uploadPack, type ClientLimits } from './smart-http.ts';
import { addTrailers, creditsBetween, readTrailers } from './trailers.ts';

export interface GitStoreOptions {
  /** directory that holds `owner/name.git` */
  root: string;
  /** directory for our hook scripts */
  hooksDir: string;
  gitPath?: string;
  /** where git's children are started; by this process itself without one */
  spawner?: Spawner | undefined;
  /** bytes of memory that a git may have by what it does; see memory-limit.ts */
  memory?: Partial<Record<GitMemory, number>>;
  /** packs made for clients at once; default 4 */
  maxUploadPacks?: number;
  /** pushes that are taken in at once, half of them one caller's; default 32 */
  maxReceivePacks?: number;
  /** files and archives that are sent to clients at once; default 16 */
  maxDownloads?: number;
  /** short reads of requests at once, a third of them one caller's; default 12 */
  maxReads?: number;
  /** lists of refs that are sent to git clients at once, a quarter of them one caller's; default 32 */
  maxListings?: number;
  /** how long a fetch or a push may wait for its turn; default 60 s, of all else 30 s */
  maxWaitMs?: number;
  /** how long a client may send nothing while a fetch or a push waits for it; default 60 s */
  silenceMs?: number;
  /** how long the check of a push may take before the push is refused; default 60 s */
  checkTimeoutMs?: number;
}

/** Whoever reads slowly, or not at all, holds a part of the places; guests together leave a quarter to others. */
function limiterOfClients(running: number, maxWaitMs: number, part = 2): Limiter {
  const caller = Math.max(1, Math.floor(running / part));
  const shares = { caller, guests: guestsOf(running) };
  return createLimiter({ running, waiting: 500, maxWaitMs, shares });
}

function guestsOf(running: number): number {
  return running - (running >> 2);
}

function placesOf(options: GitStoreOptions): GitPlaces {
  const { maxReads: reads = 12, maxWaitMs = 30_000 } = options;
  const short = { waiting: 1000, maxWaitMs };
  const caller = Math.max(1, Math.floor(reads / 3));
  const repository = Math.max(1, reads >> 1);
  const shares = { caller, repository, guests: guestsOf(reads) };
  return {
    reads: createLimiter({ ...short, running: reads, shares }),
    changes: createLimiter({ ...short, running: 8, shares: { caller: 3, repository: 4 } }),
    work: createLimiter({ ...short, running: 16 }),
    listings: limiterOfClients(options.maxListings ?? 32, maxWaitMs, 4),
    downloads: limiterOfClients(options.maxDownloads ?? 16, maxWaitMs),
  };
}

/** What clients of clones and pushes may take. */
interface ClientPlaces {
  packs: ClientLimits;
  pushes: PushLimits;
}

/** Bare repositories below `root`, by the git executable. Needs git 2.38 or later. */
export function createGitStore(options: GitStoreOptions): GitStore {
  const context = {
    root: path.resolve(options.root),
    setting: {
      hooksDir: path.resolve(options.hooksDir),
      gitPath: options.gitPath ?? 'git',
      spawner: options.spawner,
      memory: options.memory,
    },
    places: placesOf(options),
  };
  const { maxWaitMs = 60_000, silenceMs = 60_000, checkTimeoutMs = 60_000 } = options;
  const packs = { turns: limiterOfClients(options.maxUploadPacks ?? 4, maxWaitMs), silenceMs };
  const receivers = limiterOfClients(options.maxReceivePacks ?? 32, maxWaitMs);
  return storeOf(context, { packs, pushes: { turns: receivers, silenceMs, checkTimeoutMs } });
}

function storeOf(context: GitContext, clients: ClientPlaces): GitStore {
  const { packs, pushes } = clients;
  return {
    forReader: (reader) => storeOf({ ...context, reader }, clients),
    create: (repoPath, branch) => createRepository(context, repoPath, branch),
    remove: (repoPath) => removeRepository(context, repoPath),
    exists: (repoPath) => repositoryExists(repositoryDir(context.root, repoPath)),
    advertise: (...args) => advertise(context, ...args),
    uploadPack: (...args) => uploadPack(context, packs, ...args),
    receivePack: (...args) => receivePack(context, pushes, ...args),
    listRefs: (...args) => listRefs(context, ...args),
    listBranches: (...args) => listBranches(context, ...args),
    listTags: (...args) => listTags(context, ...args),
    readHead: (...args) => readHead(context, ...args),
    setHead: (...args) => setHead(context, ...args),
    resolveCommit: (...args) => resolveCommit(context, ...args),
    isAncestor: (...args) => isAncestor(context, ...args),
    mergeBase: (...args) => mergeBase(context, ...args),
    mergeBases: (...args) => mergeBases(context, ...args),
    commitsWithout: (...args) => commitsWithout(context, ...args),
    readCommit: (...args) => readCommit(context, ...args),
    log: (...args) => log(context, ...args),
    statPath: (...args) => statPath(context, ...args),
    statPaths: (...args) => statPaths(context, ...args),
    listTree: (...args) => listTree(context, ...args),
    readBlob: (...args) => readBlob(context, ...args),
    streamBlob: (...args) => streamBlob(context, ...args),
    diff: (...args) => diff(context, ...args),
    archive: (...args) => archive(context, ...args),
    layClone: (...args) => layClone(context, ...args),
    mergeCommits: (...args) => mergeCommits(context, ...args),
    treeOf: (...args) => treeOf(context, ...args),
    commitTree: (...args) => commitTree(context, ...args),
    moveRefs: (...args) => moveRefs(context, ...args),
    keepCommit: (...args) => keepCommit(context, ...args),
    setReservedRefs: (...args) => setReservedRefs(context, ...args),
    commitsBetween: (...args) => commitsBetween(context, ...args),
    creditsBetween: (...args) => creditsBetween(context, ...args),
    readTrailers: (...args) => readTrailers(context, ...args),
    addTrailers: (...args) => addTrailers(context, ...args),
    countBetween: (...args) => countBetween(context, ...args),
    changedPaths: (...args) => changedPaths(context, ...args),
    mapLines: (...args) => mapLines(context, ...args),
    care: (...args) => care(context, ...args),
  };
}
