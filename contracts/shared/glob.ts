/**
 * The one matcher of globs: `*` within a part, `**` over parts, `?` one character, `{a,b}` alternatives, `[abc]` classes,
 * `\` before a character that means itself. Our own and not picomatch, whose regular expressions go back and forth (four
 * stars over a name of 255 take seconds, five take hours): patterns of strangers are matched in linear time here, and
 * glob.test.ts holds the answers to picomatch's (ADR 41).
 */

const MAX_ALTERNATIVES = 64;

/** Comparisons that are left. Below nothing it is at its end, and the answer says nothing. */
export interface Effort {
  left: number;
}

/**
 * True when `text` (segments parted by `/`) matches `pattern`. A pattern of more than 64 alternatives matches nothing:
 * `globProblem` says so where it is written.
 * @param effort counted down; nothing matches once it is used up
 */
export function matchesGlob(
  pattern: string,
  text: string,
  effort: Effort = { left: Number.POSITIVE_INFINITY },
): boolean {
  const parts = text.split('/');
  return (expandBraces(pattern) ?? []).some((one) => matchSegments(one.split('/'), parts, effort));
}

/**
 * Tells of each path whether it matches a pattern that somebody wrote by hand, from the root on: `docs/`, `./docs` and
 * `/docs/` are the folder and so all beneath it, as in .gitignore.
 * @param below what else means all beneath it when it names a folder: a name that is written out (`docs`, but not `src/*`,
 * as in GitHub Actions), or any pattern (what an artifact is collected by)
 * @returns counts an effort down, where it is given one; nothing matches once that is used up
 */
export function pathMatcher(
  pattern: string,
  below: 'names' | 'any',
): (path: string, effort?: Effort) => boolean {
  const all = (expandBraces(pattern) ?? []).flatMap((one) => {
    const segments = rooted(one);
    const isFolder = below === 'any' || one.endsWith('/') || !hasWildcard(segments.at(-1) ?? '');
    return isFolder ? [segments, [...segments, '**']] : [segments];
  });
  return (path, effort = endless) => {
    const parts = path.split('/');
    return all.some((segments) => matchSegments(segments, parts, effort));
  };
}

/** Why a pattern matches nothing, whatever it is asked about; null when it may match. */
export function globProblem(pattern: string): string | null {
  const alternatives = expandBraces(pattern);
  return alternatives === null
    ? `it stands for more than ${String(MAX_ALTERNATIVES)} alternatives`
    : null;
}

/** Why a pattern of paths matches no file of a repository; null when it may match. */
export function pathGlobProblem(pattern: string): string | null {
  const problem = globProblem(pattern);
  if (problem !== null) return problem;
  for (const one of expandBraces(pattern) ?? []) {
    const segments = rooted(one);
    if (segments.includes('..')) return 'a ".." leads out of the repository';
    if (segments.length === 0) return 'it names no file: "**" is all of them';
  }
  return null;
}

/** Why a pattern of short names (`main`, `release/*`) matches no branch and no tag; null when it may match. */
export function branchGlobProblem(pattern: string): string | null {
  if (pattern.startsWith('refs/')) return 'names are short here: main, not refs/heads/main';
  if (pattern.split('/').includes('')) return 'no branch or tag has an empty part in its name';
  return globProblem(pattern);
}

/** The parts of a pattern that is meant from the root on. */
function rooted(pattern: string): string[] {
  return pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function hasWildcard(segment: string): boolean {
  return /[*?[]/.test(segment);
}

/** @returns false when there is none left */
function takes(effort: Effort, comparisons: number): boolean {
  effort.left -= comparisons;
  return effort.left >= 0;
}

/** The patterns that one with braces stands for; null when they are too many. */
function expandBraces(pattern: string): string[] | null {
  const done: string[] = [];
  const open = [pattern];
  while (open.length > 0) {
    if (open.length + done.length > MAX_ALTERNATIVES) return null;
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
  return [...new Set(done)];
}

const endless: Effort = { left: Number.POSITIVE_INFINITY };

function matchSegments(
  pattern: readonly string[],
  text: readonly string[],
  effort: Effort = endless,
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

/** What is not but letters and stars. */
const special = /[?[\\]/;

function matchSegment(pattern: string, text: string, effort: Effort): boolean {
  return special.test(pattern)
    ? matchElements(pattern, text, effort)
    : matchPieces(pattern.split('*'), text, effort);
}

/** Pieces parted by stars, found one behind the other as the runtime finds texts: some ten times as fast as by hand. */
function matchPieces(pieces: readonly string[], text: string, effort: Effort): boolean {
  const [first = '', ...others] = pieces;
  const last = others.pop();
  if (last === undefined) return takes(effort, 1) && text === first;
  let at = first.length;
  const end = text.length - last.length;
  if (!takes(effort, 1)) return false;
  if (at > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  for (const piece of others) {
    if (!takes(effort, (end - at) * Math.ceil(piece.length / 16))) return false;
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function matchElements(pattern: string, text: string, effort: Effort): boolean {
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
  if (element === '\\' && p + 1 < pattern.length) return pattern[p + 1] === char ? 2 : 0;
  if (element === '[') {
    const negated = pattern[p + 1] === '!' || pattern[p + 1] === '^';
    const begin = p + (negated ? 2 : 1);
    // A bracket that comes first is one of the characters, as in a shell.
    const end = pattern.indexOf(']', begin + 1);
    if (end === -1) return char === '[' ? 1 : 0;
    return inClass(pattern.slice(begin, end), char) !== negated ? end - p + 1 : 0;
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
