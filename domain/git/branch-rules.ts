import { branchOfRef, zeroSha } from '../../contracts/git/ref-name.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { globProblem, matchesGlob } from '../../contracts/shared/glob.ts';
import type { ProtectedBranch } from '../../prisma/generated/client.ts';

export type BranchRule = Pick<
  ProtectedBranch,
  'pattern' | 'allowForcePush' | 'allowDeletion' | 'pushUserIds' | 'allowWriters'
>;

/** Comparisons for one branch: many times what patterns take that people write. */
const mostComparisons = 10_000;

/**
 * True when the rule speaks of the branch. `Main` is held to the rule for `main`: people read them as one. A pattern that
 * cannot be read, or takes too long over a branch, protects it.
 */
export function ruleCovers(rule: Pick<BranchRule, 'pattern'>, branch: string): boolean {
  if (globProblem(rule.pattern) !== null) return true;
  const effort = { left: mostComparisons };
  const covers = matchesGlob(rule.pattern.toLowerCase(), branch.toLowerCase(), effort);
  return covers || effort.left < 0;
}

/** True for a pattern that may cover more than the one branch that it names. */
export const isGlob = (pattern: string): boolean => /[*?[\]]/u.test(pattern);

/** True when no rule asks whether a move leads forward: it makes or deletes something, or its history may be rewritten. */
export function mayRewrite(
  rules: readonly Pick<BranchRule, 'pattern' | 'allowForcePush'>[],
  { ref, oldSha, newSha }: RefUpdate,
): boolean {
  const branch = branchOfRef(ref);
  if (branch === null || oldSha === zeroSha || newSha === zeroSha) return true;
  return !rules.some((rule) => !rule.allowForcePush && ruleCovers(rule, branch));
}

export interface BranchChange {
  update: RefUpdate;
  userId: string;
  defaultBranch: string;
  /** asked only where it matters: walks history */
  isFastForward: () => Promise<boolean>;
}

async function ruleRefusal(
  rule: BranchRule,
  branch: string,
  change: BranchChange,
): Promise<string | null> {
  const { oldSha, newSha } = change.update;
  if (!rule.allowWriters && !rule.pushUserIds.includes(change.userId)) {
    return `The branch ${branch} is protected (${rule.pattern}): you may not push to it directly.`;
  }
  if (newSha === zeroSha) {
    return rule.allowDeletion
      ? null
      : `The branch ${branch} is protected (${rule.pattern}): it may not be deleted.`;
  }
  if (oldSha === zeroSha || rule.allowForcePush || (await change.isFastForward())) return null;
  return `The branch ${branch} is protected (${rule.pattern}): its history may not be rewritten.`;
}

/**
 * Why a change of a ref is refused by the rules for branches, or null. Every rule that covers the branch must agree.
 * The one decision for every way to move a branch: push now, API, merge and agents later.
 */
export async function branchRefusal(
  rules: readonly BranchRule[],
  change: BranchChange,
): Promise<string | null> {
  const branch = branchOfRef(change.update.ref);
  if (branch === null) return null;
  if (change.update.newSha === zeroSha && branch === change.defaultBranch) {
    return `The branch ${branch} is the default branch: it cannot be deleted.`;
  }
  for (const rule of rules) {
    if (!ruleCovers(rule, branch)) continue;
    const refusal = await ruleRefusal(rule, branch, change);
    if (refusal !== null) return refusal;
  }
  return null;
}
