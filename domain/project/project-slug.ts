/** Words with a meaning to git's own paths, to pages beside projects, or to some file system. */
const reserved = new Set(['aux', 'con', 'head', 'info', 'new', 'nul', 'objects', 'prn', 'refs']);

/**
 * What is wrong with the name of a project, or null. Lower-case letters, digits, `.`, `_` and `-`, so that no two
 * names differ only by case on any file system; it becomes a directory name and part of a clone address.
 */
export function projectSlugProblem(slug: string): string | null {
  if (!/^[a-z0-9][a-z0-9._-]{0,99}$/u.test(slug)) {
    return 'has 1 to 100 of a-z, 0-9, ".", "_" and "-", and begins with a letter or digit';
  }
  if (slug.includes('..')) return 'may not have ".."';
  if (slug.endsWith('.')) return 'may not end with "."';
  if (/\.(git|atom|rss|lock|wiki)$/u.test(slug)) return 'has an ending that is reserved';
  return reserved.has(slug) ? 'is a reserved word' : null;
}
