import type { ByteStream } from '../../contracts/git/store.ts';
import type { RepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import type {
  Executor,
  ExecutionLimits,
  NetworkMode,
  WorkspaceMount,
} from '../../adapters/executor/executor.ts';
import type { Log } from '../../contracts/log.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

/** Run workspaces on this host; see adapters/workspace. */
export interface RunWorkspaces {
  /** Lays the checkout of a run; nothing happens when it lies there already. */
  prepareBase(runId: string, tar: () => ByteStream): Promise<void>;
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
