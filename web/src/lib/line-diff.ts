import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from 'diff';

/** More edits than this are told as everything out, everything in: no reader follows them anyway. */
const maxEditLength = 1500;

interface FilePatch {
  patch: string;
  additions: number;
  deletions: number;
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

/** A unified diff of two texts under one name, with three lines of context; null when they are the same. */
export function unifiedPatch(name: string, before: string, after: string): FilePatch | null {
  if (before === after) return null;
  const found = structuredPatch(name, name, before, after, undefined, undefined, {
    context: 3,
    maxEditLength,
  });
  const hunks = found?.hunks ?? [replacement(linesOf(before), linesOf(after))];
  const count = (sign: string): number =>
    hunks.flatMap((hunk) => hunk.lines).filter((line) => line.startsWith(sign)).length;
  const patch = { oldFileName: `a/${name}`, newFileName: `b/${name}`, hunks };
  const text = formatPatch(
    { ...patch, oldHeader: undefined, newHeader: undefined },
    FILE_HEADERS_ONLY,
  );
  return {
    patch: `diff --git a/${name} b/${name}\n${text}`,
    additions: count('+'),
    deletions: count('-'),
  };
}

function replacement(before: readonly string[], after: readonly string[]) {
  return {
    oldStart: 1,
    oldLines: before.length,
    newStart: 1,
    newLines: after.length,
    lines: [...before.map((line) => `-${line}`), ...after.map((line) => `+${line}`)],
  };
}
