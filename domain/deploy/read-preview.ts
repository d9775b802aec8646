import type { PreviewEndReason, PreviewState } from '../../contracts/deploy/preview.ts';
import type { ServiceAddress } from '../../contracts/deploy/target.ts';
import type { Deployment, MergeRequest, Pipeline, Preview } from '../../prisma/generated/client.ts';
import { DomainError } from '../../contracts/problems.ts';
import { whereOfHead } from '../pipeline/run-key.ts';
import { listLeases, type LeaseRecord } from '../secret/secret-leases.ts';
import type { Db } from '../shared/db.ts';

/** The preview of a merge request as people see it. */
export interface PreviewRecord {
  state: PreviewState;
  /** one sentence: what it waits for, why it failed, what is wrong with what serves */
  reason: string | null;
  endReason: PreviewEndReason | null;
  deploymentId: string | null;
  /** commit that serves, or comes up */
  commitSha: string | null;
  addresses: ServiceAddress[];
  /** the newest run of the head */
  pipeline: { id: string; number: number; status: string } | null;
  expiresAt: string | null;
  endedAt: string | null;
  /** secrets that it holds, or held; names and versions only */
  secrets: LeaseRecord[];
}

const none: PreviewRecord = {
  state: 'none',
  reason: null,
  endReason: null,
  deploymentId: null,
  commitSha: null,
  addresses: [],
  pipeline: null,
  expiresAt: null,
  endedAt: null,
  secrets: [],
};

/** The preview of a merge request; `none` where its definition asks for none. @throws DomainError `not_found` */
export async function readPreview(
  db: Db,
  input: { projectId: string; number: number },
): Promise<PreviewRecord> {
  const row = await db.mergeRequest.findUnique({
    where: { projectId_number: input },
    include: { preview: true, deployment: { include: { liveRevision: true } } },
  });
  if (row === null) throw new DomainError('not_found', 'There is no such merge request.');
  const { preview, deployment } = row;
  if (preview === null) return none;
  const run = await db.pipeline.findFirst({
    where: whereOfHead(row),
    orderBy: { number: 'desc' },
  });
  const isUp = deployment !== null && preview.status === 'up';
  return {
    ...stateOf(preview, row, deployment, run),
    endReason: preview.endReason as PreviewEndReason | null,
    deploymentId: deployment?.id ?? null,
    commitSha: deployment?.liveRevision?.commitSha ?? deployment?.commitSha ?? null,
    addresses: isUp ? ((deployment.addresses ?? []) as unknown as ServiceAddress[]) : [],
    pipeline: run === null ? null : { id: run.id, number: run.number, status: run.status },
    expiresAt: preview.status === 'gone' ? null : preview.expiresAt.toISOString(),
    endedAt: preview.endedAt?.toISOString() ?? null,
    secrets: await listLeases(db, { kind: 'preview', id: row.id }),
  };
}

function stateOf(
  preview: Preview,
  { status }: MergeRequest,
  deployment: Deployment | null,
  run: Pipeline | null,
): Pick<PreviewRecord, 'state' | 'reason'> {
  if (preview.status === 'gone') return { state: 'gone', reason: null };
  const isEnding = preview.status === 'ending' || preview.stopReason !== null || status !== 'open';
  if (isEnding) return { state: 'ending', reason: null };
  if (deployment === null) return waitingFor(run);
  const { statusMessage: reason, currentStatus } = deployment;
  if (currentStatus === 'failed' || currentStatus === 'degraded')
    return { state: currentStatus, reason };
  const isSettled = deployment.observedGeneration === deployment.generation;
  const isLive = deployment.liveRevisionId !== null && deployment.addresses !== null;
  return isLive && isSettled && currentStatus === 'healthy'
    ? { state: 'running', reason }
    : { state: 'coming_up', reason: null };
}

function waitingFor(run: Pipeline | null): Pick<PreviewRecord, 'state' | 'reason'> {
  const name = run === null ? 'the pipeline of its head' : `pipeline #${String(run.number)}`;
  if (run?.status === 'failure' || run?.status === 'cancelled') {
    return { state: 'failed', reason: `${name} did not succeed, so there is nothing to show` };
  }
  return { state: 'waiting', reason: `it comes up when ${name} is green` };
}
