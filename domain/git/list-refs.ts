import type { GitBranch, GitStore, GitTag } from '../../contracts/git/store.ts';
import type { Project } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';
import { ruleCovers } from './branch-rules.ts';
import { repoPathOf } from './read-repository.ts';

export interface RefPageOptions {
  /** part of the name, whatever its case */
  q?: string | undefined;
  /** name of the last one of the page before */
  cursor?: string | undefined;
  limit: number;
}

/**
 * One page of a list in which the cursor's name stands. Where it has gone meanwhile the page begins with the first that
 * `follows` it, else at the front.
 */
function page<T extends { name: string }>(
  all: readonly T[],
  options: RefPageOptions,
  follows?: (one: T, cursor: string) => boolean,
): { items: T[]; next: string | null } {
  const { cursor } = options;
  const q = options.q?.toLowerCase() ?? '';
  const matching = all.filter((one) => one.name.toLowerCase().includes(q));
  let start = matching.findIndex((one) => one.name === cursor) + 1;
  if (start === 0 && cursor !== undefined && follows !== undefined) {
    const next = matching.findIndex((one) => follows(one, cursor));
    start = next === -1 ? matching.length : next;
  }
  const items = matching.slice(start, start + options.limit);
  const more = start + items.length < matching.length;
  return { items, next: more ? (items.at(-1)?.name ?? null) : null };
}

/** In the order of git, which compares bytes. */
function isAfter(name: string, other: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(other)) > 0;
}

/** Branches, the default one first, then by name. */
export async function listBranchesOf(
  db: Db,
  git: Pick<GitStore, 'listBranches'>,
  project: Pick<Project, 'id' | 'repoPath' | 'defaultBranch'>,
  options: RefPageOptions,
): Promise<{
  items: (GitBranch & { isDefault: boolean; isProtected: boolean })[];
  next: string | null;
}> {
  const all = await git.listBranches(repoPathOf(project));
  const isDefault = (branch: GitBranch): boolean => branch.name === project.defaultBranch;
  const ordered = [...all.filter(isDefault), ...all.filter((branch) => !isDefault(branch))];
  const rules = await db.protectedBranch.findMany({
    where: { projectId: project.id },
    select: { pattern: true },
  });
  const { items, next } = page(
    ordered,
    options,
    (branch, cursor) => !isDefault(branch) && isAfter(branch.name, cursor),
  );
  return {
    items: items.map((branch) => ({
      ...branch,
      isDefault: isDefault(branch),
      isProtected: rules.some((rule) => ruleCovers(rule, branch.name)),
    })),
    next,
  };
}

/** Tags, newest first. */
export async function listTagsOf(
  git: Pick<GitStore, 'listTags'>,
  project: Pick<Project, 'repoPath' | 'defaultBranch'>,
  options: RefPageOptions,
): Promise<{ items: GitTag[]; next: string | null }> {
  const all = await git.listTags(repoPathOf(project));
  all.sort((a, b) => Date.parse(b.taggedAt) - Date.parse(a.taggedAt) || (a.name < b.name ? -1 : 1));
  return page(all, options);
}
