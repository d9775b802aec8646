import { mergeStyles, type MergeStyle } from '../../contracts/review/types.ts';
import type { Project, ProtectedBranch } from '../../prisma/generated/client.ts';
import { ruleCovers } from '../git/branch-rules.ts';

export interface AllowedStyles {
  allowed: MergeStyle[];
  /** null when nothing is allowed: rules that contradict each other */
  preferred: MergeStyle | null;
}

/** Rules of a project that speak of the target branch. */
export function rulesFor<R extends Pick<ProtectedBranch, 'pattern'>>(
  rules: readonly R[],
  targetBranch: string,
): R[] {
  return rules.filter((rule) => ruleCovers(rule, targetBranch));
}

/** The styles that the project and every rule of the target branch allow. */
export function allowedStyles(
  project: Pick<Project, 'mergeStyles' | 'defaultMergeStyle'>,
  rules: readonly Pick<ProtectedBranch, 'mergeStyles'>[],
): AllowedStyles {
  const allowed = mergeStyles.filter(
    (style) =>
      project.mergeStyles.includes(style) &&
      rules.every((rule) => rule.mergeStyles.length === 0 || rule.mergeStyles.includes(style)),
  );
  const wanted = allowed.find((style) => style === project.defaultMergeStyle);
  return { allowed, preferred: wanted ?? allowed[0] ?? null };
}
