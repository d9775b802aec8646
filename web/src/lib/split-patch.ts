/**
 * A patch of several files as one text per file, in order. A file begins at its `diff --git` line; of one that changed
 * its kind (a file that became a symlink) git says twice what happened, under the same line.
 */
export function splitPatch(patch: string): string[] {
  const files: string[] = [];
  let head: string | null = null;
  // not `^` with the flag `m`: that is also where a line of a file has a carriage return
  for (const part of patch.split(/(?<![^\n])(?=diff --git )/)) {
    const end = part.indexOf('\n');
    const own = end < 0 ? part : part.slice(0, end);
    if (!own.startsWith('diff --git ')) continue;
    if (own === head) files.push(`${files.pop() ?? ''}${part}`);
    else files.push(part);
    head = own;
  }
  return files;
}
