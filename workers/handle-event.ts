import type { Client } from '@temporalio/client';
import type { EventRecord, EventType } from '../contracts/event/types.ts';
import { shortRef } from '../domain/pipeline/definition/globs.ts';
import { type RunAtWork, readRun } from '../domain/pipeline/read-run.ts';
import { noteRequestOfBefore } from '../domain/pipeline/request-command.ts';
import { triggerPipelinesForPush } from '../domain/pipeline/trigger-pipelines.ts';
import { markMergesDue } from '../domain/review/due-merges.ts';
import {
  asksForMergeRequest,
  triggerPipelineForMergeRequest,
} from '../domain/pipeline/trigger-for-merge-request.ts';
import type { RepositoryReader } from '../domain/pipeline/repository-reader.ts';
import type { AdoptDeps } from '../domain/deploy/adopt-revision.ts';
import { deployEventTypes, handleDeployEvent } from './handle-deploy-event.ts';
import { handlePreviewEvent, previewEventTypes } from './handle-preview-event.ts';
import { startPipelineRun, wakeAtGate, wakePipelineRun } from '../launch/pipeline.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

/** What `core` takes; the switches below are over these. */
export const coreEventTypes = [
  'git.pushed',
  'pipeline.created',
  'pipeline.trigger_requested',
  'pipeline.cancel_requested',
  'pipeline.pause_requested',
  'pipeline.resume_requested',
  'gate.decided',
  ...deployEventTypes,
  ...previewEventTypes,
] as const satisfies readonly EventType[];

export interface EventHandlerDeps {
  db: PrismaClient;
  client: Client;
  repositories: RepositoryReader;
  /** where hosted ops repositories lie */
  git: AdoptDeps['store'];
}

/**
 * What committed events set in motion. Called at least once for each event, in commit order: starts and signals
 * are idempotent by workflow id and by decider, so a repeated event does nothing twice.
 */
export function createEventHandler(deps: EventHandlerDeps): (event: EventRecord) => Promise<void> {
  return async (event) => {
    switch (event.type as (typeof coreEventTypes)[number]) {
      case 'git.pushed':
        await triggerRuns(deps, event);
        await handleDeployEvent(deps, event);
        return;
      case 'pipeline.trigger_requested':
        if (asksForMergeRequest(event)) {
          await triggerPipelineForMergeRequest(deps.db, deps.repositories, event);
          // Where no run is wanted nothing else tells that its checks may pass.
          await markMergesDue(deps.db, { id: event.subjectId ?? '' });
        } else await triggerRuns(deps, event);
        return;
      case 'pipeline.created':
        await startRun(deps, event.subjectId);
        return;
      case 'pipeline.cancel_requested':
        await wakeRun(deps, event, 'cancel');
        return;
      case 'pipeline.pause_requested':
        await wakeRun(deps, event, 'pause');
        return;
      case 'pipeline.resume_requested':
        await wakeRun(deps, event, 'resume');
        return;
      case 'gate.decided':
        await wakeDecided(deps, event);
        return;
      default:
        await handleDeployEvent(deps, event);
        await handlePreviewEvent(deps, event);
    }
  };
}

async function triggerRuns(deps: EventHandlerDeps, event: EventRecord): Promise<void> {
  for (const run of await triggerPipelinesForPush(deps.db, deps.repositories, event)) {
    // Its own pipeline.created would start it as well, one round of the outbox later.
    if (run.isNew) await startKnown(deps, run);
    else await startRun(deps, run.id);
  }
}

/** Starts the workflow of a run that waits for it; a second start does nothing. */
export async function startRun(
  deps: Pick<EventHandlerDeps, 'db' | 'client'>,
  pipelineId: string | null,
): Promise<void> {
  if (pipelineId === null) return;
  const run = await readRun(deps.db, pipelineId);
  if (run?.status === 'pending') await startKnown(deps, run);
}

type PendingRun = Pick<
  RunAtWork,
  'id' | 'projectId' | 'changeId' | 'number' | 'trigger' | 'gitRef' | 'projectName'
>;

async function startKnown(
  { client }: Pick<EventHandlerDeps, 'client'>,
  { id: pipelineId, projectId, changeId, number, trigger, gitRef, projectName }: PendingRun,
): Promise<void> {
  const summary = `${projectName} #${String(number)} · ${shortRef(gitRef)} · ${trigger}`;
  await startPipelineRun(client, { pipelineId, projectId, changeId }, summary);
}

async function wakeRun(
  deps: EventHandlerDeps,
  event: EventRecord,
  request: Parameters<typeof wakePipelineRun>[2],
): Promise<void> {
  await noteRequestOfBefore(deps.db, event, request);
  if (event.subjectId !== null) await wakePipelineRun(deps.client, event.subjectId, request);
}

async function wakeDecided(deps: EventHandlerDeps, event: EventRecord): Promise<void> {
  const { workflowId } = event.payload;
  if (typeof workflowId === 'string') await wakeAtGate(deps.client, workflowId);
}
