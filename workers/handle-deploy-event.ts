import type { Client } from '@temporalio/client';
import type { EventRecord, EventType } from '../contracts/event/types.ts';
import { DomainError } from '../contracts/problems.ts';
import { noteAbortOfBefore } from '../domain/deploy/abort-deployment.ts';
import { type Follower, listFollowers, listFollowersOf } from '../domain/deploy/list-followers.ts';
import { retryWithCredential } from '../domain/deploy/ops-repo-credential.ts';
import { type AdoptDeps, adoptRevision } from '../domain/deploy/adopt-revision.ts';
import { wakeDeployment, wakeToAbort } from '../launch/deploy.ts';
import { wakePreviewOf } from './handle-preview-event.ts';
import type { Deployment, PrismaClient, Project } from '../prisma/generated/client.ts';

export const deployEventTypes = [
  'git.pushed',
  'deployment.created',
  'deployment.desired_changed',
  'deployment.abort_requested',
  'secret.changed',
  'ops_repo.moved',
  'ops_repo.reachable',
] as const satisfies readonly EventType[];

interface DeployEventDeps {
  db: PrismaClient;
  client: Client;
  git: AdoptDeps['store'];
}

/** What events set in motion at deployments. Each may come twice: a second wake finds nothing to do. */
export async function handleDeployEvent(deps: DeployEventDeps, event: EventRecord): Promise<void> {
  switch (event.type as (typeof deployEventTypes)[number]) {
    case 'deployment.created':
    case 'deployment.desired_changed':
      await wakeById(deps, event.subjectId ?? '');
      return;
    case 'deployment.abort_requested': {
      const row = await deps.db.deployment.findUnique({ where: { id: event.subjectId ?? '' } });
      if (row === null) return;
      await noteAbortOfBefore(deps.db, event);
      await wakeToAbort(deps.client, row);
      return;
    }
    case 'git.pushed':
      // A hosted ops repository syncs at once; polling is the safety net.
      for (const row of await listFollowers(deps.db, event)) await adopt(deps, row);
      return;
    case 'secret.changed':
      await retryWithCredential(deps.db, event);
      return;
    case 'ops_repo.moved':
    case 'ops_repo.reachable':
      for (const row of await listFollowersOf(deps.db, [event.subjectId ?? ''])) {
        await adopt(deps, row);
      }
      return;
    default:
  }
}

/** What moved on in its ops repository is desired at once; what cannot be read there the entity says when it observes. */
async function adopt(deps: DeployEventDeps, row: Follower): Promise<void> {
  try {
    await adoptRevision({ db: deps.db, store: deps.git }, row);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
  await wake(deps, row);
}

/** Tells the entity of a deployment to reconcile its row, and starts it where it does not run. */
export async function wakeById(
  deps: Pick<DeployEventDeps, 'db' | 'client'>,
  deploymentId: string,
): Promise<void> {
  const row = await deps.db.deployment.findUnique({
    where: { id: deploymentId },
    include: { project: true },
  });
  if (row !== null) await wake(deps, row);
}

async function wake(
  deps: Pick<DeployEventDeps, 'db' | 'client'>,
  row: Deployment & { project: Pick<Project, 'name'> },
): Promise<void> {
  const { id, projectId, environment, changeId, mergeRequestId } = row;
  // The deployment of a preview is its child: nobody else starts it.
  if (mergeRequestId !== null) {
    await wakePreviewOf(deps, mergeRequestId);
    return;
  }
  await wakeDeployment(
    deps.client,
    { deploymentId: id, projectId, environment, changeId },
    `${row.project.name} · ${environment}`,
  );
}
