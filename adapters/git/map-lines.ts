import type { FileLine } from '../../contracts/git/merge.ts';
import { comparing, isTooMuch } from './read-diff.ts';
import { readGit, requireSha, tryGit, type GitContext } from './repository-context.ts';

/** What became of a file: null when it is gone. */
interface Fate {
  path: string;
  oldBlob: string;
  newBlob: string;
}

/** `--raw -z`: `:mode mode blob blob status NUL path NUL`, and two paths for a rename. */
function parseRaw(text: string): Map<string, Fate | null> {
  const fates = new Map<string, Fate | null>();
  const fields = text.split('\0');
  for (let at = 0; at < fields.length; at += 1) {
    const [, oldBlob = '', newBlob = '', status = ''] =
      /^:\d+ \d+ ([0-9a-f]{40}) ([0-9a-f]{40}) ([A-Z])/u.exec(fields[at] ?? '') ?? [];
    if (status === '') continue;
    const path = fields[(at += 1)] ?? '';
    if (status === 'R') fates.set(path, { path: fields[(at += 1)] ?? '', oldBlob, newBlob });
    else if (status === 'C') at += 1;
    else if (status === 'D') fates.set(path, null);
    else if (status === 'M' || status === 'T') fates.set(path, { path, oldBlob, newBlob });
  }
  return fates;
}

/** One hunk without context: `count` old lines from `start` became `added` lines. */
interface Hunk {
  start: number;
  count: number;
  added: number;
}

function parseHunks(patch: string): Hunk[] {
  const headers = patch.matchAll(/^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/gmu);
  return [...headers].map(([, start, count, added]) => ({
    start: Number(start),
    count: Number(count ?? 1),
    added: Number(added ?? 1),
  }));
}

/** The new number of a line, or null when a hunk replaced it. */
export function followLine(hunks: readonly Hunk[], line: number): number | null {
  let offset = 0;
  for (const { start, count, added } of hunks) {
    // A hunk that only adds stands after its start line.
    const first = count === 0 ? start + 1 : start;
    if (line < first) break;
    if (line < first + count) return null;
    offset += added - count;
  }
  return line + offset;
}

const maxPatchBytes = 16 * 1024 * 1024;

async function readHunks(
  context: GitContext,
  repoPath: string,
  { oldBlob, newBlob }: Fate,
): Promise<Hunk[] | null> {
  if (oldBlob === newBlob) return [];
  const args = ['diff', '-U0', '--no-color', '--no-ext-diff', '--no-textconv'];
  const blobs = [requireSha(oldBlob), requireSha(newBlob)];
  const patch = await tryGit(context, repoPath, [...args, '--end-of-options', ...blobs], {
    ...comparing,
    maxBytes: maxPatchBytes,
    cut: true,
  }).catch((error: unknown) => {
    if (isTooMuch(error)) return null;
    throw error;
  });
  if (patch === null || patch.cut || patch.code !== 0) return null;
  const text = patch.stdout.toString('utf8');
  return /^Binary files /mu.test(text) ? null : parseHunks(text);
}

export async function mapLines(
  context: GitContext,
  repoPath: string,
  options: { from: string; to: string; lines: readonly FileLine[] },
): Promise<(FileLine | null)[]> {
  const { from, to, lines } = options;
  if (from === to || lines.length === 0) return lines.map((line) => ({ ...line }));
  const args = ['diff', '--raw', '-z', '--no-abbrev', '--no-ext-diff', '--find-renames'];
  const raw = await readGit(
    context,
    repoPath,
    [...args, '--end-of-options', requireSha(from), requireSha(to), '--'],
    { maxBytes: 64 * 1024 * 1024, timeoutMs: 20_000 },
  );
  const fates = parseRaw(raw.toString('utf8'));
  const hunks = new Map<string, Hunk[] | null>();
  for (const path of new Set(lines.map((line) => line.path))) {
    const fate = fates.get(path);
    if (fate != null) hunks.set(path, await readHunks(context, repoPath, fate));
  }
  return lines.map(({ path, line }) => {
    const fate = fates.get(path);
    if (fate === undefined) return { path, line };
    const known = hunks.get(path) ?? null;
    const followed = fate === null || known === null ? null : followLine(known, line);
    return fate === null || followed === null ? null : { path: fate.path, line: followed };
  });
}
