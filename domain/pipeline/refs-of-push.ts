import { zeroSha } from '../../contracts/git/ref-name.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';

/** A push of more refs than this (a mirror, an import) starts no more runs than these. */
export const maxRunsOfPush = 100;

/**
 * The branches and tags of a push that may have a run, the default branch first, and how many more there are than a push
 * gets runs for.
 */
export function refsToRun(
  updates: readonly RefUpdate[],
  defaultBranch: string,
): { refs: RefUpdate[]; left: RefUpdate[] } {
  const moved = updates.filter(
    ({ ref, newSha }) => /^refs\/(heads|tags)\//.test(ref) && newSha !== zeroSha,
  );
  const isDefault = ({ ref }: RefUpdate) => ref === `refs/heads/${defaultBranch}`;
  const inOrder = [...moved.filter(isDefault), ...moved.filter((one) => !isDefault(one))];
  return { refs: inOrder.slice(0, maxRunsOfPush), left: inOrder.slice(maxRunsOfPush) };
}
