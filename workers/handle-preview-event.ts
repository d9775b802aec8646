import type { Client } from '@temporalio/client';
import type { EventRecord, EventType } from '../contracts/event/types.ts';
import { revivePreview } from '../domain/deploy/command-preview.ts';
import { mergeRequestOfRun } from '../domain/pipeline/run-key.ts';
import { wakePreview, wakePreviewsOf } from '../launch/deploy.ts';
import type { PrismaClient } from '../prisma/generated/client.ts';

export const previewEventTypes = [
  'mr.reopened',
  'mr.closed',
  'mr.merged',
  'preview.requested',
  'project.deleted',
  'pipeline.completed',
] as const satisfies readonly EventType[];

interface PreviewEventDeps {
  db: PrismaClient;
  client: Client;
}

/** What events mean for previews. Each may come twice: a second wake finds nothing to do. */
export async function handlePreviewEvent(
  deps: PreviewEventDeps,
  event: EventRecord,
): Promise<void> {
  switch (event.type as (typeof previewEventTypes)[number]) {
    case 'mr.reopened':
      await revivePreview(deps.db, event.subjectId ?? '');
      return;
    case 'mr.closed':
    case 'mr.merged':
    case 'preview.requested':
      await wakePreviewOf(deps, event.subjectId);
      return;
    case 'project.deleted':
      await wakePreviewsOf(deps.client, event.projectId ?? '');
      return;
    case 'pipeline.completed':
      await wakePreviewOf(deps, await requestOfRun(deps.db, event));
      return;
    default:
  }
}

/** Wakes the workflow of a preview that is not gone; nothing happens where there is none. */
export async function wakePreviewOf(
  { db, client }: PreviewEventDeps,
  mergeRequestId: string | null,
): Promise<void> {
  if (mergeRequestId === null) return;
  const preview = await db.preview.findUnique({
    where: { mergeRequestId },
    include: { mergeRequest: true, project: { select: { name: true } } },
  });
  if (preview === null || preview.status === 'gone') return;
  const { projectId, mergeRequest, project } = preview;
  await wakePreview(
    client,
    { mergeRequestId, projectId, changeId: mergeRequest.changeId },
    `${project.name} · !${String(mergeRequest.number)}`,
  );
}

/** The merge request whose head a run built. */
async function requestOfRun(
  db: PrismaClient,
  { subjectId, payload }: EventRecord,
): Promise<string | null> {
  // Events of before do not tell the cause of their run.
  if ((payload['trigger'] ?? 'mr') !== 'mr') return null;
  const run = await db.pipeline.findUnique({ where: { id: subjectId ?? '' } });
  return run === null ? null : (mergeRequestOfRun(run)?.id ?? null);
}
