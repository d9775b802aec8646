import type {
  PreviewDeployment,
  PreviewEndReason,
  PreviewPlan,
} from '../../contracts/deploy/preview.ts';
import type { TargetKind } from '../../contracts/deploy/target.ts';
import type {
  Deployment,
  MergeRequest,
  Preview,
  Prisma,
  PrismaClient,
} from '../../prisma/generated/client.ts';
import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import { whereOfHead } from '../pipeline/run-key.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { desiredOf, keepArtifact, resolveDeploys } from './declare-deployments.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { giveNamespace } from './namespace.ts';
import { lockPreview, previewOf } from './want-preview.ts';

/** See PreviewRecords.planPreview. */
export async function planPreview(db: PrismaClient, mergeRequestId: string): Promise<PreviewPlan> {
  return await inTransaction(db, async (tx) => {
    const preview = await lockPreview(tx, mergeRequestId);
    if (preview === null) return { kind: 'none' };
    const mergeRequest = await tx.mergeRequest.findUniqueOrThrow({ where: { id: mergeRequestId } });
    const known = await tx.deployment.findUnique({ where: { mergeRequestId } });
    const project = await tx.project.findUniqueOrThrow({ where: { id: preview.projectId } });
    const shown = (row: Deployment) => toPreviewDeployment(row, mergeRequest, project.name);
    const reason = reasonToEnd(preview, mergeRequest, known);
    if (reason !== null) {
      if (preview.status !== 'gone') await beginEnd(tx, preview, known);
      return { kind: 'end', reason, deployment: known === null ? null : shown(known) };
    }
    const deployment = await declare(tx, mergeRequest, known);
    await showKept(tx, preview, deployment === null ? 'waiting' : 'up');
    // Reconciled once an hour too, in case that nobody told it of something.
    const restMs = Math.min(3_600_000, Math.max(1000, preview.expiresAt.getTime() - Date.now()));
    return { kind: 'keep', restMs, deployment: deployment === null ? null : shown(deployment) };
  });
}

/** Null while it is wanted. A deployment that is being removed goes first, even when its preview is wanted again by now. */
export function reasonToEnd(
  preview: Preview,
  { status }: MergeRequest,
  deployment: Deployment | null,
): PreviewEndReason | null {
  if (status === 'merged' || status === 'closed') return status;
  if (preview.stopReason !== null) return preview.stopReason as PreviewEndReason;
  if (preview.expiresAt.getTime() <= Date.now()) return 'expired';
  return deployment?.isDeleting === true ? 'stopped' : null;
}

async function beginEnd(
  tx: Prisma.TransactionClient,
  { mergeRequestId }: Preview,
  deployment: Deployment | null,
): Promise<void> {
  await tx.preview.update({ where: { mergeRequestId }, data: { status: 'ending' } });
  if (deployment !== null) {
    await tx.deployment.update({ where: { id: deployment.id }, data: { isDeleting: true } });
  }
}

async function showKept(
  tx: Prisma.TransactionClient,
  { mergeRequestId, status }: Preview,
  now: 'waiting' | 'up',
): Promise<void> {
  if (status === now) return;
  await tx.preview.update({
    where: { mergeRequestId },
    data: { status: now, endReason: null, endedAt: null },
  });
}

/** Desires what the newest green run of the head built, whichever run that is; until there is one, what is there stays. */
async function declare(
  tx: Prisma.TransactionClient,
  mergeRequest: MergeRequest,
  known: Deployment | null,
): Promise<Deployment | null> {
  const run = await tx.pipeline.findFirst({
    where: { ...whereOfHead(mergeRequest), status: 'success' },
    orderBy: { number: 'desc' },
  });
  if (run === null || known?.pipelineId === run.id) return known;
  const wanted = previewOf(run.definition as PipelinePlan | null);
  if (wanted === null) return known;
  const resolved = await resolveDeploys(tx, run, [wanted]);
  const [deploy] = 'problem' in resolved ? [] : resolved.deploys;
  if (deploy === undefined) return known;
  await keepArtifact(tx, deploy);
  const desired = { ...desiredOf(run, wanted, deploy.imageRef), changeId: mergeRequest.changeId };
  if (known === null) return await create(tx, mergeRequest, desired);
  const deployment = await tx.deployment.update({
    where: { id: known.id },
    data: { ...desired, generation: { increment: 1 } },
  });
  await publishDeploymentEvent(tx, deployment, {
    type: 'deployment.desired_changed',
    message: `pipeline #${String(run.number)} wants ${deploy.imageRef} in the preview`,
    actorId: run.triggeredBy,
    payload: { generation: deployment.generation, pipelineId: run.id },
  });
  return deployment;
}

async function create(
  tx: Prisma.TransactionClient,
  mergeRequest: MergeRequest,
  desired: ReturnType<typeof desiredOf>,
): Promise<Deployment> {
  const { id: mergeRequestId, projectId, number } = mergeRequest;
  const id = newId('deployment');
  const slug = `preview-${String(number)}`;
  const made = await tx.deployment.create({
    data: {
      id,
      projectId,
      environment: 'preview',
      mergeRequestId,
      // What a newer head no longer holds must not stay until the end.
      prune: true,
      ...desired,
      namespace: await giveNamespace(tx, { deploymentId: id, projectId, slug }),
    },
  });
  await publishDeploymentEvent(tx, made, {
    type: 'deployment.created',
    message: `the preview of !${String(number)} was set up`,
    payload: { imageRef: made.imageRef, pipelineId: made.pipelineId },
  });
  return made;
}

function toPreviewDeployment(
  row: Deployment,
  mergeRequest: MergeRequest,
  projectName: string,
): PreviewDeployment {
  const { id, projectId, changeId, target, environment, namespace } = row;
  const summary = `${projectName} · preview of !${String(mergeRequest.number)}`;
  const place = { target: target as TargetKind, environment, namespace };
  return { deploymentId: id, projectId, changeId, summary, ...place };
}
