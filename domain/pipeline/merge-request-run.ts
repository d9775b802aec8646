import { randomUUID } from 'node:crypto';
import type { MergeRequest, Pipeline, Prisma } from '../../prisma/generated/client.ts';
import { beginsWith } from '../shared/text-match.ts';

type Head = Pick<MergeRequest, 'id' | 'headSha'>;
type Keyed = Pick<Pipeline, 'trigger' | 'dedupeKey'>;

/** Key of the run that the head of a merge request starts by itself: `mr:<request>:<sha>`, never two of one head. */
export function mergeRequestRunKey({ id, headSha }: Head): string {
  return `mr:${id}:${headSha}`;
}

/** Key of one more run of the same head by hand: `mr:<request>:<sha>:<any>`. */
export function mergeRequestRerunKey(head: Head): string {
  return `${mergeRequestRunKey(head)}:${randomUUID()}`;
}

/** The merge request, and the head of it, that a run builds; null for a run of another cause. */
export function mergeRequestOfRun({ trigger, dedupeKey }: Keyed): Head | null {
  const [kind, id, headSha] = dedupeKey?.split(':') ?? [];
  if (trigger !== 'mr' || kind !== 'mr' || !id || !headSha) return null;
  return { id, headSha };
}

/** Whether somebody had the head of a merge request run once more. */
export function isMergeRequestRerun(run: Keyed): boolean {
  const head = mergeRequestOfRun(run);
  return head !== null && run.dedupeKey !== mergeRequestRunKey(head);
}

/** The runs of a merge request, of whichever head. */
export function whereOfMergeRequest(id: string): Prisma.PipelineWhereInput {
  return { trigger: 'mr', dedupeKey: beginsWith(`mr:${id}:`) };
}

/** The runs of the head of a merge request: the one that it started by itself, and reruns. */
export function whereOfHead(
  head: Pick<MergeRequest, 'id' | 'headSha' | 'projectId'>,
): Prisma.PipelineWhereInput {
  return {
    projectId: head.projectId,
    commitSha: head.headSha,
    ...whereOfMergeRequest(head.id),
  };
}
