/**
 * Globs as pipeline files, branch rules and artifact paths use them: `*` within a segment, `**` over segments,
 * `?` one character, `{a,b}` alternatives, `[abc]` classes. Matched without regular expressions, in time linear to
 * pattern x text for each segment, because a user's pattern must never reach V8's backtracking matcher (fault plan J4).
 */

const MAX_ALTERNATIVES = 64;

/** Comparisons that are left. Below nothing it is at its end, and the answer says nothing. */
export interface Effort {
  left: number;
}

/**
 * True when `text` (segments parted by `/`) matches `pattern`. A pattern of more than 64 alternatives matches nothing.
 * @param effort counted down; nothing matches once it is used up
 */
export function matchesGlob(
  pattern: string,
  text: string,
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): boolean {
  const alternatives = expandBraces(pattern);
  return alternatives.some((one) => matchSegments(one.split('/'), text.split('/'), effort));
}

/** @returns false when there is none left */
function takes(effort: Effort, comparisons: number): boolean {
  effort.left -= comparisons;
  return effort.left >= 0;
}

/** True when any of the patterns matches. */
export function matchesAnyGlob(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, text));
}

function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0) {
    if (open.length + done.length > MAX_ALTERNATIVES) return [];
    const current = open.pop() ?? '';
    const end = current.indexOf('}');
    const start = end === -1 ? -1 : current.lastIndexOf('{', end);
    if (start === -1) {
      done.push(current);
      continue;
    }
    for (const choice of current.slice(start + 1, end).split(',')) {
      open.push(current.slice(0, start) + choice + current.slice(end + 1));
    }
  }
  return done;
}

function matchSegments(
  pattern: readonly string[],
  text: readonly string[],
  effort: Effort,
): boolean {
  // Two-pointer wildcard match over whole segments: on a mismatch the last `**` swallows one segment more.
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  while (t < text.length) {
    if (!takes(effort, 1)) return false;
    const segment = pattern[p];
    if (segment === '**') {
      starP = p;
      starT = t;
      p += 1;
    } else if (segment !== undefined && matchSegment(segment, text[t] ?? '', effort)) {
      p += 1;
      t += 1;
    } else if (starP !== -1) {
      starT += 1;
      t = starT;
      p = starP + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '**') p += 1;
  return p === pattern.length;
}

function matchSegment(pattern: string, text: string, effort: Effort): boolean {
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  while (t < text.length) {
    // The end of a class is looked for in all of it.
    if (!takes(effort, pattern[p] === '[' ? pattern.length : 1)) return false;
    const step = pattern[p] === '*' ? 0 : matchOne(pattern, p, text[t] ?? '');
    if (pattern[p] === '*') {
      starP = p;
      starT = t;
      p += 1;
    } else if (step > 0) {
      p += step;
      t += 1;
    } else if (starP !== -1) {
      starT += 1;
      t = starT;
      p = starP + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** Length of the pattern element at `p` when it matches `char`, else 0. */
function matchOne(pattern: string, p: number, char: string): number {
  const element = pattern[p];
  if (element === undefined) return 0;
  if (element === '?') return 1;
  if (element === '[') {
    const end = pattern.indexOf(']', p + 1);
    if (end === -1) return char === '[' ? 1 : 0;
    const negated = pattern[p + 1] === '!' || pattern[p + 1] === '^';
    const members = pattern.slice(p + (negated ? 2 : 1), end);
    return inClass(members, char) !== negated ? end - p + 1 : 0;
  }
  return element === char ? 1 : 0;
}

function inClass(members: string, char: string): boolean {
  for (let i = 0; i < members.length; i += 1) {
    const from = members[i] ?? '';
    const to = members[i + 2];
    if (members[i + 1] === '-' && to !== undefined) {
      if (char >= from && char <= to) return true;
      i += 2;
    } else if (from === char) {
      return true;
    }
  }
  return false;
}
