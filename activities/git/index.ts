import { Context } from '@temporalio/activity';
import type { GitActivities } from '../../contracts/git/care.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Log } from '../../contracts/log.ts';
import { careForRepository } from '../../domain/git/care-for-repository.ts';
import { listRepositories } from '../../domain/git/list-repositories.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { withHeartbeat } from '../with-heartbeat.ts';

export interface GitActivityDeps {
  db: PrismaClient;
  gitStore: GitStore;
  log: Log;
}

const heartbeatMs = 5000;

/** Activities of the queue `git`. */
export function createGitActivities(deps: GitActivityDeps): GitActivities {
  return {
    listRepositories: ({ after }) => listRepositories(deps.db, after),
    async careForRepository({ projectId, fsck }) {
      const signal = Context.current().cancellationSignal;
      return await withHeartbeat(heartbeatMs, () =>
        careForRepository(deps, projectId, { fsck, signal }),
      );
    },
  };
}
