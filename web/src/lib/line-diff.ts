interface Change {
  kind: ' ' | '-' | '+';
  text: string;
}

/** More edits than this are told as everything out, everything in: no reader follows them anyway. */
const maxEdits = 1500;

/** Shortest way from `before` to `after` (Myers), as lines that stay, go and come. */
function changes(before: readonly string[], after: readonly string[]): Change[] {
  const limit = Math.min(before.length + after.length, maxEdits);
  const trace: Map<number, number>[] = [];
  let reach = new Map<number, number>([[1, 0]]);
  for (let edits = 0; edits <= limit; edits += 1) {
    trace.push(new Map(reach));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = reach.get(diagonal + 1) ?? -1;
      const right = reach.get(diagonal - 1) ?? -1;
      let x = diagonal === -edits || (diagonal !== edits && right < down) ? down : right + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal])
        x += 1;
      reach.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return walkBack(trace, before, after);
    }
    reach = new Map(reach);
  }
  return [
    ...before.map((text): Change => ({ kind: '-', text })),
    ...after.map((text): Change => ({ kind: '+', text })),
  ];
}

function walkBack(
  trace: readonly Map<number, number>[],
  before: readonly string[],
  after: readonly string[],
): Change[] {
  const result: Change[] = [];
  let x = before.length;
  let y = after.length;
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const reach = trace[edits] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = reach.get(diagonal + 1) ?? -1;
    const right = reach.get(diagonal - 1) ?? -1;
    const isDown = diagonal === -edits || (diagonal !== edits && right < down);
    const fromX = isDown ? down : right;
    const fromY = fromX - (isDown ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      result.push({ kind: ' ', text: before[x - 1] ?? '' });
      x -= 1;
      y -= 1;
    }
    if (edits > 0) {
      result.push(
        isDown ? { kind: '+', text: after[fromY] ?? '' } : { kind: '-', text: before[fromX] ?? '' },
      );
    }
    x = fromX;
    y = fromY;
  }
  return result.reverse();
}

function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

interface FilePatch {
  patch: string;
  additions: number;
  deletions: number;
}

/** A unified diff of two texts under one name, with three lines of context; null when they are the same. */
export function unifiedPatch(name: string, before: string, after: string): FilePatch | null {
  if (before === after) return null;
  const all = changes(linesOf(before), linesOf(after));
  const out = [`diff --git a/${name} b/${name}`, `--- a/${name}`, `+++ b/${name}`];
  for (const [begin, end] of hunksOf(all)) {
    const count = (kind: Change['kind'], from: number, to: number): number =>
      all.slice(from, to).filter((change) => change.kind !== kind).length;
    const oldCount = count('+', begin, end);
    const newCount = count('-', begin, end);
    const oldStart = count('+', 0, begin) + (oldCount > 0 ? 1 : 0);
    const newStart = count('-', 0, begin) + (newCount > 0 ? 1 : 0);
    out.push(`@@ -${oldStart},${oldCount} +${newStart},${newCount} @@`);
    for (const change of all.slice(begin, end)) out.push(change.kind + change.text);
  }
  return {
    patch: `${out.join('\n')}\n`,
    additions: all.filter((change) => change.kind === '+').length,
    deletions: all.filter((change) => change.kind === '-').length,
  };
}

/** Ranges of lines to show: each change with its context, joined where they touch. */
function hunksOf(all: readonly Change[]): [number, number][] {
  const hunks: [number, number][] = [];
  all.forEach((change, index) => {
    if (change.kind === ' ') return;
    const begin = Math.max(0, index - 3);
    const end = Math.min(all.length, index + 4);
    const last = hunks.at(-1);
    if (last && begin <= last[1]) last[1] = end;
    else hunks.push([begin, end]);
  });
  return hunks;
}
