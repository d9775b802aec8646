import type { Client } from '@temporalio/client';
import type { EventRecord } from '../contracts/event/types.ts';
import { listFollowers, listFollowersOf } from '../domain/deploy/list-followers.ts';
import { retryWithCredential } from '../domain/deploy/ops-repo-credential.ts';
import { abortDeployment, wakeDeployment } from '../launch/deploy.ts';
import { wakePreviewOf } from './handle-preview-event.ts';
import type { Deployment, PrismaClient, Project } from '../prisma/generated/client.ts';

interface DeployEventDeps {
  db: PrismaClient;
  client: Client;
}

/** What events set in motion at deployments. Each may come twice: a second wake finds nothing to do. */
export async function handleDeployEvent(deps: DeployEventDeps, event: EventRecord): Promise<void> {
  switch (event.type) {
    case 'deployment.created':
    case 'deployment.desired_changed':
      await wakeById(deps, event.subjectId ?? '');
      return;
    case 'deployment.abort_requested': {
      const row = await deps.db.deployment.findUnique({ where: { id: event.subjectId ?? '' } });
      if (row === null) return;
      const { projectId, environment, mergeRequestId } = row;
      const { reason: told } = event.payload;
      const reason = typeof told === 'string' ? told : event.message;
      await abortDeployment(deps.client, { projectId, environment, mergeRequestId, reason });
      return;
    }
    case 'git.pushed':
      // A hosted ops repository syncs at once; polling is the safety net.
      for (const row of await listFollowers(deps.db, event)) await wake(deps, row);
      return;
    case 'secret.changed':
      await retryWithCredential(deps.db, event);
      return;
    case 'ops_repo.moved':
    case 'ops_repo.reachable':
      for (const row of await listFollowersOf(deps.db, [event.subjectId ?? ''])) {
        await wake(deps, row);
      }
      return;
    default:
  }
}

/** Tells the entity of a deployment to look at its row, and starts it where it does not run. */
export async function wakeById(deps: DeployEventDeps, deploymentId: string): Promise<void> {
  const row = await deps.db.deployment.findUnique({
    where: { id: deploymentId },
    include: { project: true },
  });
  if (row !== null) await wake(deps, row);
}

async function wake(
  deps: DeployEventDeps,
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
