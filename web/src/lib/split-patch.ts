/** A patch of several files as one text per file, in order. A file begins at its `diff --git` line. */
export function splitPatch(patch: string): string[] {
  const files: string[] = [];
  let begin = -1;
  let at = patch.startsWith('diff --git ') ? 0 : patch.indexOf('\ndiff --git ') + 1;
  while (at > 0 || (at === 0 && begin < 0 && patch.startsWith('diff --git '))) {
    if (begin >= 0) files.push(patch.slice(begin, at));
    begin = at;
    const next = patch.indexOf('\ndiff --git ', at);
    if (next < 0) break;
    at = next + 1;
  }
  if (begin >= 0) files.push(patch.slice(begin));
  return files;
}
