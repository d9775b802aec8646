import { continueAsNew, isCancellation, proxyActivities } from '@temporalio/workflow';
import type {
  GitActivities,
  RepositoryCareAnswer,
  RepositoryCareInput,
  RepositoryCareResult,
} from '../../contracts/git/care.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { isHistoryLong } from '../history-length.ts';

// Over Postgres only.
const lists = proxyActivities<Pick<GitActivities, 'listRepositories'>>({
  taskQueue: taskQueues.git,
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

// Idempotent, and comes round again: a repository that fails three times must not hold up the others.
const cares = proxyActivities<Pick<GitActivities, 'careForRepository'>>({
  taskQueue: taskQueues.git,
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds', maximumAttempts: 3 },
});

const nothing: RepositoryCareAnswer = { repairedRefs: 0, sweptQuarantines: 0, damaged: false };

async function careFor(projectId: string, fsck: boolean): Promise<RepositoryCareAnswer> {
  try {
    return await cares.careForRepository({ projectId, fsck });
  } catch (error) {
    if (isCancellation(error)) throw error;
    // Its failure is in the history; the next pass tries again.
    return nothing;
  }
}

/** One pass over all repositories, one after the other: upkeep must not crowd out pushes and clones. */
export async function repositoryCareWorkflow(
  input: RepositoryCareInput,
): Promise<RepositoryCareResult> {
  const result: RepositoryCareResult = {
    repositories: 0,
    repairedRefs: 0,
    sweptQuarantines: 0,
    damaged: [],
  };
  let { after } = input;
  for (;;) {
    const { projectIds } = await lists.listRepositories({ after });
    for (const projectId of projectIds) {
      const answer = await careFor(projectId, input.fsck);
      result.repositories += 1;
      result.repairedRefs += answer.repairedRefs;
      result.sweptQuarantines += answer.sweptQuarantines;
      if (answer.damaged && result.damaged.length < 100) result.damaged.push(projectId);
      after = projectId;
    }
    if (projectIds.length === 0) return result;
    if (isHistoryLong()) {
      await continueAsNew<typeof repositoryCareWorkflow>({ fsck: input.fsck, after });
    }
  }
}
