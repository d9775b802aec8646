/** Namespaces that a person may push to. `refs/merge-requests/*`, `refs/pull/*`, `refs/slipway/*` and all else belong to the server. */
export const pushableNamespaces = ['refs/heads/', 'refs/tags/', 'refs/notes/'] as const;

/** True for a ref that lies in one of the namespaces that can be pushed, however its name reads. */
export function isPushableRef(ref: string): boolean {
  return pushableNamespaces.some((prefix) => ref.startsWith(prefix));
}

/**
 * True for a ref below `refs/` that belongs to the server. A push that names one is told so for this ref alone: whoever
 * mirrors another forge has thousands of them beside the branches that are meant to come.
 */
export function isReservedRef(ref: string): boolean {
  return ref.startsWith('refs/') && !isPushableRef(ref) && !isPushableRef(`${ref}/`);
}

const maxRefBytes = 255;

/** Control characters, blanks, and what a shell, a URL or HTML would read as more than a name. */
const unsafeMarks = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}$`;|&<>'"(){}!\\~^:?*[\]]/u;
/**
 * Bidirectional marks, zero-width characters, private use, unassigned: invisible or able to disguise a name.
 * U+FFFD stands where bytes were not UTF-8.
 */
const deceptiveMarks = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}\uFFFD]/u;

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * What is wrong with a short name (`main`, `release/1.0`), or null. Stricter than `git check-ref-format`, which accepts
 * `-x`, `$(id)` and `a;id`: such names later reach logs, environment variables and other people's shells.
 */
export function branchNameProblem(name: string): string | null {
  if (name === '') return 'is empty';
  if (utf8Bytes(name) > maxRefBytes) return `is longer than ${String(maxRefBytes)} bytes`;
  if (deceptiveMarks.test(name)) return 'has invalid, invisible or direction-changing characters';
  if (unsafeMarks.test(name)) return 'has blanks, control characters or shell marks';
  if (name.normalize('NFC') !== name) return 'is not in Unicode normal form C';
  if (name.includes('..') || name.includes('@{') || name === '@') return 'has ".." or "@{"';
  if (name === 'HEAD' || name.startsWith('refs/')) return 'is reserved';
  for (const part of name.split('/')) {
    if (part === '') return 'has an empty part';
    if (part.startsWith('-')) return 'has a part that begins with "-"';
    if (part.startsWith('.') || part.endsWith('.'))
      return 'has a part that begins or ends with "."';
    if (part.toLowerCase().endsWith('.lock')) return 'has a part that ends in ".lock"';
  }
  return null;
}

const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/iu;

/**
 * True for a short name that reads like the whole id of a commit. Where one is asked for by its id nobody means a branch,
 * and a branch of that name could lead to anything.
 */
export function looksLikeObjectId(name: string): boolean {
  return objectId.test(name);
}

/** What is wrong with a full ref name as a push may send it, or null. */
export function pushedRefProblem(ref: string): string | null {
  const namespace = pushableNamespaces.find((prefix) => ref.startsWith(prefix));
  if (namespace === undefined) {
    return 'is outside refs/heads/, refs/tags/ and refs/notes/, which is all that can be pushed';
  }
  return utf8Bytes(ref) > maxRefBytes
    ? `is longer than ${String(maxRefBytes)} bytes`
    : branchNameProblem(ref.slice(namespace.length));
}

/**
 * What is wrong with a ref that a reader asks for: a short or full name, `HEAD`, or a commit id; null when it is safe
 * to hand to git as part of an argument. Revision syntax (`main~1`, `a..b`, `@{u}`) is not a ref.
 */
export function readRefProblem(ref: string): string | null {
  if (ref === 'HEAD') return null;
  return branchNameProblem(ref.startsWith('refs/') ? ref.slice('refs/'.length) : ref);
}

/**
 * What is wrong with a path inside a repository, or null. The empty path is the root.
 * `..`, `.`, empty parts, a leading slash and control characters never reach git.
 */
export function treePathProblem(path: string): string | null {
  if (path === '') return null;
  if (utf8Bytes(path) > 4096) return 'is longer than 4096 bytes';
  if (/\p{Cc}/u.test(path)) return 'has control characters';
  if (/\p{Cs}/u.test(path)) return 'is not valid Unicode';
  for (const part of path.split('/')) {
    if (part === '') return 'has an empty part';
    if (part === '.' || part === '..') return 'has a "." or ".." part';
  }
  return null;
}

/** `refs/heads/main` → `main`; null for anything but a branch. */
export function branchOfRef(ref: string): string | null {
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null;
}

/** The id git uses for "no object": the ref did not exist, or is deleted. */
export const zeroSha = '0'.repeat(40);
