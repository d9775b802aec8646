import type { Readable } from 'node:stream';
import type {
  Executor,
  ExecutionLimits,
  NetworkMode,
  WorkspaceMount,
} from '../../adapters/executor/executor.ts';
import type { Log } from '../../contracts/log.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

/** What a run needs of the bare repositories. `repoPath` is relative to the repositories' root. */
export interface RepositoryReader {
  /** Text of a file at a commit; null when there is none. */
  readText(repoPath: string, commitSha: string, path: string): Promise<string | null>;
  /** Paths that differ between two commits; null when that cannot be told (a new branch, a lost commit). */
  changedPaths(repoPath: string, oldSha: string, newSha: string): Promise<string[] | null>;
  /** The tree of a commit as a tar stream. */
  archive(repoPath: string, commitSha: string): Promise<Readable>;
  /** First line of the commit's message; null when there is no such commit. */
  commitTitle(repoPath: string, commitSha: string): Promise<string | null>;
}

/** Run workspaces on this host; see adapters/workspace. */
export interface RunWorkspaces {
  /** Lays the checkout of a run; nothing happens when it lies there already. */
  prepareBase(runId: string, tar: () => Promise<Readable>): Promise<void>;
  /** A fresh layer for an attempt, on top of the layers of the steps it builds on. */
  beginStep(input: {
    runId: string;
    step: string;
    attempt: number;
    needs: readonly string[];
  }): Promise<WorkspaceMount>;
  commitStep(mount: WorkspaceMount): Promise<void>;
  discardStep(mount: WorkspaceMount): Promise<void>;
  removeRun(runId: string): Promise<void>;
}

export interface PipelineActivityDeps {
  db: PrismaClient;
  log: Log;
  repositories: RepositoryReader;
  workspaces: RunWorkspaces;
  executor: Executor;
  store: BlobStore;
  /** Values of secrets for steps of a project, by name. @throws DomainError `secret_unavailable`, `sealed` */
  resolveSecrets: (input: {
    projectId: string;
    names: readonly string[];
    pipelineId: string;
  }) => Promise<Map<string, string>>;
  /** queue of this host */
  hostQueue: string;
  limits: ExecutionLimits;
  /** used where a step says nothing else */
  network?: NetworkMode;
}
