import type { WorkspaceStore } from '../../adapters/workspace/workspace-store.ts';
import type { StepFetches, StepRepository } from '../../adapters/git/serve-step.ts';
import type { Limiter } from '../../adapters/git/limiter.ts';
import type { Heavy } from '../../domain/heavy/heavy.ts';
import type { RunAtWork } from '../../domain/pipeline/read-run.ts';
import type { RepositoryReader } from '../../domain/pipeline/repository-reader.ts';
import type { Executor, ExecutionLimits } from '../../adapters/executor/executor.ts';
import type { Patience } from '../patience.ts';
import type { Log } from '../../contracts/log.ts';
import type { BlobStore } from '../../domain/shared/blob-store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';

export interface PipelineActivityDeps {
  db: PrismaClient;
  log: Log;
  repositories: RepositoryReader;
  /** reads and plans what strangers wrote */
  heavy: Pick<Heavy, 'planPipeline'>;
  workspaces: WorkspaceStore;
  executor: Executor;
  store: BlobStore;
  /** Values of secrets for a step of a run, by name. @throws DomainError `secret_unavailable`, `sealed` */
  resolveSecrets: (input: {
    run: RunAtWork;
    step: string;
    names: readonly string[];
  }) => Promise<Map<string, string>>;
  /** Answers fetches of one attempt of a step, see `serveStepFetches`. */
  serveFetches: (repository: StepRepository) => StepFetches;
  /** Where people clone a project, by its full name. */
  cloneUrl: (fullName: string) => string;
  /** queue of this host */
  hostQueue: string;
  /** steps of one run that it runs at once */
  share: number;
  /** of this host, among projects */
  places: Limiter;
  limits: ExecutionLimits;
  /** what is short on the disk of the workspaces, in one sentence; null: nothing; absent: not looked at */
  spaceProblem?: () => Promise<string | null>;
  /** with what keeps a run from being prepared, or a step from being run; the usual one unless told */
  patience?: Patience;
}
