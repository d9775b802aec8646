import { matchesGlob } from '../../contracts/shared/glob.ts';

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
export function ownerPatternMatches(pattern: string, path: string): boolean {
  const trimmed = pattern.replace(/^\//u, '');
  const isAnchored = pattern.startsWith('/') || trimmed.slice(0, -1).includes('/');
  const glob = isAnchored ? trimmed : `**/${trimmed}`;
  if (glob.endsWith('/')) return matchesGlob(`${glob}**`, path);
  if (matchesGlob(glob, path)) return true;
  return !glob.endsWith('/*') && matchesGlob(`${glob}/**`, path);
}

/** At most so many characters are compared to find the owners of these paths. */
export function matchingCost(rules: readonly OwnerRule[], paths: readonly string[]): number {
  const alternatives = ({ pattern }: OwnerRule) => (pattern.includes('{') ? 64 : 1);
  // Wildcards may compare each character of a pattern with each of a path, everything else stops at the first difference.
  const weight = (rule: OwnerRule) =>
    alternatives(rule) * (/[*?[]/u.test(rule.pattern) ? rule.pattern.length : 1) + 1;
  const ofRules = rules.reduce((sum, rule) => sum + weight(rule), 0);
  return ofRules * paths.reduce((sum, path) => sum + path.length, 0);
}

/** The lines that speak for these paths, each with the paths it speaks for: the last match of a path wins. */
export function ownerRulesOf(
  rules: readonly OwnerRule[],
  paths: readonly string[],
): Map<OwnerRule, string[]> {
  const owned = new Map<OwnerRule, string[]>();
  for (const path of paths) {
    const rule = rules.findLast((one) => ownerPatternMatches(one.pattern, path));
    if (rule === undefined || rule.owners.length === 0) continue;
    const known = owned.get(rule);
    if (known === undefined) owned.set(rule, [path]);
    else known.push(path);
  }
  return owned;
}
