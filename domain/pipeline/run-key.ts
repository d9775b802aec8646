import { randomUUID } from 'node:crypto';
import type { MergeRequest, Pipeline, Prisma } from '../../prisma/generated/client.ts';
import { beginsWith } from '../shared/text-match.ts';

type Head = Pick<MergeRequest, 'id' | 'headSha'>;
type Ends = Pick<MergeRequest, 'headSha' | 'targetBranch'>;
type Keyed = Pick<Pipeline, 'trigger' | 'dedupeKey'>;

/**
 * Key of the run that the head of a merge request starts by itself: `mr:<request>:<sha>:to:<target>`, never two of one head
 * into one target. Runs of before targets were told apart have `mr:<request>:<sha>`.
 */
export function mergeRequestRunKey({ id, headSha, targetBranch }: Head & Ends): string {
  return `mr:${id}:${headSha}:to:${targetBranch}`;
}

/** Key of one more run of the same head by hand: `mr:<request>:<sha>:<any>`. */
export function mergeRequestRerunKey({ id, headSha }: Head): string {
  return `mr:${id}:${headSha}:${randomUUID()}`;
}

/** Head and target of a merge request as it keeps those of which it is known whether they have a run (`runDecidedFor`). */
export function endsKey({ headSha, targetBranch }: Ends): string {
  return `${headSha} ${targetBranch}`;
}

/** The merge request, and the head of it, that a run builds; null for a run of another cause. */
export function mergeRequestOfRun({ trigger, dedupeKey }: Keyed): Head | null {
  const [kind, id, headSha] = dedupeKey?.split(':') ?? [];
  if (trigger !== 'mr' || kind !== 'mr' || !id || !headSha) return null;
  return { id, headSha };
}

/** Key of the run that a pushed ref starts by itself: `push:<push>:<ref>`, never two of one push. */
export function pushRunKey(pushId: string, ref: string): string {
  return `push:${pushId}:${ref}`;
}

/** What a push started a run by, of the first run as of each rerun; null for a run of another cause. */
function pushOfRun({ trigger, dedupeKey }: Keyed): string | null {
  const [kind, pushId, ref] = dedupeKey?.split(':') ?? [];
  return trigger === 'push' && kind === 'push' && pushId && ref ? pushRunKey(pushId, ref) : null;
}

/** Key of one more run by hand of what this one ran for, which keeps its cause; null for one that was by hand from the start. */
export function rerunKeyOf(run: Keyed): string | null {
  const head = mergeRequestOfRun(run);
  if (head !== null) return mergeRequestRerunKey(head);
  const push = pushOfRun(run);
  return push === null ? null : `${push}:${randomUUID()}`;
}

/** Whether somebody had run once more what a push or the head of a merge request had started. */
export function isRerun(run: Keyed): boolean {
  if (mergeRequestOfRun(run) !== null) {
    const [, , , kind] = run.dedupeKey?.split(':') ?? [];
    return kind !== undefined && kind !== 'to';
  }
  const first = pushOfRun(run);
  return first !== null && run.dedupeKey !== first;
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
