import type { createReconcileActivities } from '../activities/reconcile/index.ts';
import { endDeployment, nudgePreview } from '../launch/deploy.ts';
import {
  describeEntity,
  describePipelineRun,
  describePreview,
  listRunningEntities,
  listRunningPreviews,
} from '../launch/reconcile.ts';
import { wakeById } from './handle-deploy-event.ts';
import { startRun } from './handle-event.ts';
import { wakePreviewOf } from './handle-preview-event.ts';
import type { WorkerServices } from './open-services.ts';
import { outboxHandlers } from './outbox-consumers.ts';

/** What the reconciler asks of the engine. */
export function reconcileDeps({
  log,
  ...services
}: Pick<
  WorkerServices,
  'db' | 'config' | 'log' | 'repositories' | 'gitStore' | 'temporal'
>): Parameters<typeof createReconcileActivities>[0] {
  const {
    db,
    temporal: { client },
  } = services;
  return {
    db,
    log,
    describeRun: (pipelineId) => describePipelineRun(client, pipelineId),
    startRun: (pipelineId) => startRun({ db, client }, pipelineId),
    consumers: outboxHandlers(services),
    entities: {
      listRunning: () => listRunningEntities(client),
      describe: (key) => describeEntity(client, key),
      wake: (deploymentId) => wakeById({ db, client }, deploymentId),
      end: (key) => endDeployment(client, key),
    },
    previews: {
      listRunning: () => listRunningPreviews(client),
      describe: (mergeRequestId) => describePreview(client, mergeRequestId),
      wake: (mergeRequestId) => wakePreviewOf({ db, client }, mergeRequestId),
      nudge: (mergeRequestId) => nudgePreview(client, mergeRequestId),
    },
  };
}
