export interface RepositoryCareInput {
  /** reads and checks every object; slow on large repositories */
  fsck: boolean;
  /** goes on after this project; null from the first */
  after: string | null;
}

/** What a pass over all repositories found and did. */
export interface RepositoryCareResult {
  repositories: number;
  repairedRefs: number;
  sweptQuarantines: number;
  /** ids of projects whose repository is damaged, at most 100 */
  damaged: string[];
}

export interface RepositoryCareAnswer {
  repairedRefs: number;
  sweptQuarantines: number;
  damaged: boolean;
}

/** Effects of repository care. Each may be repeated at any time. */
export interface GitActivities {
  /** Ids of projects that have a repository, in order, at most 100. */
  listRepositories(input: { after: string | null }): Promise<{ projectIds: string[] }>;
  /** Records moves of refs that have no record, sweeps what dead pushes left, packs, and checks when asked to. */
  careForRepository(input: { projectId: string; fsck: boolean }): Promise<RepositoryCareAnswer>;
}
