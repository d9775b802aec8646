import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Effort, globProblem, matchesGlob } from '../../contracts/shared/glob.ts';

/** Where a file of code owners may lie, as other forges look for it and in their order; the first one counts. */
export const codeOwnersPaths = [
  '.github/CODEOWNERS',
  'CODEOWNERS',
  '.slipway/CODEOWNERS',
  'docs/CODEOWNERS',
  '.gitlab/CODEOWNERS',
  '.gitea/CODEOWNERS',
] as const;

/** A line of the file: who owns what matches. Nobody, when a line names a pattern alone. */
export interface OwnerRule {
  pattern: string;
  /** names without `@`, or addresses */
  owners: string[];
  /** from 1 */
  line: number;
}

/** A file of code owners as far as it can be read. */
export interface ParsedOwners {
  rules: OwnerRule[];
  /** what cannot be read, each with its line: `line 3: …` */
  faults: string[];
}

const section = /^\^?\[[^\]]*\](?:\[\d*\])?(?:\s|$)/u;

function patternProblem(line: string, pattern: string): string | null {
  if (section.test(line)) return 'sections are not known here';
  if (pattern.startsWith('!'))
    return `${pattern} takes back what was said, which is not known here`;
  const problem = globProblem(pattern);
  return problem === null ? null : `${pattern.slice(0, 60)} matches nothing: ${problem}`;
}

/**
 * The lines of a file of code owners. Blank lines and comments say nothing; a line that is not understood is told, for
 * nobody knows what it was meant to hold.
 */
export function parseCodeOwners(text: string): ParsedOwners {
  const parsed: ParsedOwners = { rules: [], faults: [] };
  for (const [at, whole] of text.split('\n').entries()) {
    const content = whole.replace(/(^|\s)#.*$/u, '').trim();
    // A blank within a name has a backslash before it.
    const [pattern = '', ...words] = content.split(/(?<!\\)\s+/u);
    if (pattern === '') continue;
    const problem = patternProblem(content, pattern);
    if (problem !== null) {
      parsed.faults.push(`line ${String(at + 1)}: ${problem}`);
      continue;
    }
    const owners = words.map((word) => word.replace(/^@/u, '').toLowerCase());
    parsed.rules.push({ pattern, owners: [...new Set(owners)], line: at + 1 });
  }
  return parsed;
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
