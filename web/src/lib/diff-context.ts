import type { DiffHunk, DiffLine } from './diff.ts';

/** Lines between two hunks that the patch leaves out. Numbers are 1-based, of the new side. */
export interface Gap {
  from: number;
  /** the last one */
  to: number;
  /** what to subtract from a new number to get the old one */
  shift: number;
}

const header = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

function start(hunk: DiffHunk | undefined): { old: number; new: number } | null {
  const match = hunk && header.exec(hunk.header);
  return match ? { old: Number(match[1]), new: Number(match[2]) } : null;
}

/** The lines that are left out before hunk `index`; null when there are none. */
export function gapBefore(hunks: readonly DiffHunk[], index: number): Gap | null {
  const here = start(hunks[index]);
  if (here === null || here.new === 0 || here.old === 0) return null;
  const before = hunks[index - 1]?.lines.findLast((line) => line.newLine !== null)?.newLine;
  // a hunk that only removes lines tells where it begins, not where the new side goes on
  const from = (before ?? (index === 0 ? 0 : (start(hunks[index - 1])?.new ?? 0))) + 1;
  const to = here.new - 1;
  return to < from ? null : { from, to, shift: here.new - here.old };
}

/** The last `count` lines of a gap, as context. `text` is the whole new file. */
export function contextLines(text: readonly string[], gap: Gap, count: number): DiffLine[] {
  const from = Math.max(gap.from, gap.to - count + 1);
  return text.slice(from - 1, gap.to).map((line, index) => ({
    kind: 'context',
    oldLine: from + index - gap.shift,
    newLine: from + index,
    text: line,
    changed: null,
    noNewline: false,
  }));
}
