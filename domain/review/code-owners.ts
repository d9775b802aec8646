import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Effort, matchesGlob } from '../../contracts/shared/glob.ts';

/** Where a file of code owners may lie; the first one counts. */
export const codeOwnersPaths = ['CODEOWNERS', '.slipway/CODEOWNERS', 'docs/CODEOWNERS'] as const;

/** A line of the file: who owns what matches. Nobody, when a line names a pattern alone. */
export interface OwnerRule {
  pattern: string;
  /** names without `@`, or addresses */
  owners: string[];
}

/** The lines of a file of code owners. Blank lines, comments and negated patterns say nothing. */
export function parseCodeOwners(text: string): OwnerRule[] {
  const rules: OwnerRule[] = [];
  for (const line of text.split('\n')) {
    const [pattern, ...words] = line
      .replace(/(^|\s)#.*$/u, '')
      .trim()
      .split(/\s+/u);
    if (pattern === undefined || pattern === '' || pattern.startsWith('!')) continue;
    const owners = words.map((word) => word.replace(/^@/u, '').toLowerCase());
    rules.push({ pattern, owners: [...new Set(owners)] });
  }
  return rules;
}

/** Patterns are those of .gitignore, except that `docs/*` does not reach below `docs/`. */
export function ownerPatternMatches(pattern: string, path: string, effort?: Effort): boolean {
  const trimmed = pattern.replace(/^\//u, '');
  const isAnchored = pattern.startsWith('/') || trimmed.slice(0, -1).includes('/');
  const glob = isAnchored ? trimmed : `**/${trimmed}`;
  if (glob.endsWith('/')) return matchesGlob(`${glob}**`, path, effort);
  if (matchesGlob(glob, path, effort)) return true;
  return !glob.endsWith('/*') && matchesGlob(`${glob}/**`, path, effort);
}

/** Comparisons for all lines and paths, a second or so; for one of each; and after how many others have their turn. */
const mostEffort = { all: 40_000_000, each: 500_000, turn: 500_000 };
/** What it costs to begin with a line and a path, in comparisons. */
const beginning = 20;

/**
 * The lines that speak for these paths, each with the paths it speaks for: the last match of a path wins. Whoever writes
 * the file holds up nobody else: others have their turn in between.
 * @returns null where it takes too long to tell
 */
export async function ownerRulesOf(
  rules: readonly OwnerRule[],
  paths: readonly string[],
): Promise<Map<OwnerRule, string[]> | null> {
  const owned = new Map<OwnerRule, string[]>();
  const lastFirst = rules.toReversed();
  let left = mostEffort.all;
  let turnEnds = left - mostEffort.turn;
  for (const path of paths) {
    for (const rule of lastFirst) {
      const effort = { left: Math.min(left, mostEffort.each) };
      const before = effort.left;
      const isOwned = ownerPatternMatches(rule.pattern, path, effort);
      if (effort.left < 0) return null;
      left -= before - effort.left + beginning;
      if (left <= turnEnds) {
        await nextTurn();
        turnEnds = left - mostEffort.turn;
      }
      if (!isOwned) continue;
      if (rule.owners.length > 0) owned.set(rule, [...(owned.get(rule) ?? []), path]);
      break;
    }
  }
  return owned;
}
