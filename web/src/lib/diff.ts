/** One line of a unified diff. Numbers are 1-based; null where the side has no such line. */
export interface DiffLine {
  kind: 'context' | 'add' | 'remove';
  oldLine: number | null;
  newLine: number | null;
  text: string;
  /** range of characters that differ from the line that it replaces */
  changed: [number, number] | null;
  /** the file has no newline after this line */
  noNewline: boolean;
}

export interface DiffHunk {
  header: string;
  lines: DiffLine[];
}

// what follows is a line of the file, which may end in a carriage return
const hunkHeader = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

/** Reads the hunks of one file's unified diff; what stands before and between them (file headers) is passed over. */
export function parseHunks(patch: string): DiffHunk[] {
  const hunks: DiffHunk[] = [];
  let oldLine = 0;
  let newLine = 0;
  // how many lines of each side the hunk still has
  let oldLeft = 0;
  let newLeft = 0;
  const lines = patch.split('\n');
  if (lines.at(-1) === '') lines.pop();
  for (const raw of lines) {
    const header = hunkHeader.exec(raw);
    const hunk = hunks.at(-1);
    if (header && oldLeft <= 0 && newLeft <= 0) {
      oldLine = Number(header[1]);
      newLine = Number(header[3]);
      oldLeft = Number(header[2] ?? 1);
      newLeft = Number(header[4] ?? 1);
      hunks.push({ header: raw, lines: [] });
    } else if (hunk && raw.startsWith('\\')) {
      const last = hunk.lines.at(-1);
      if (last) last.noNewline = true;
    } else if (hunk && (oldLeft > 0 || newLeft > 0)) {
      const kind = raw.startsWith('+') ? 'add' : raw.startsWith('-') ? 'remove' : 'context';
      if (kind !== 'add') oldLeft -= 1;
      if (kind !== 'remove') newLeft -= 1;
      hunk.lines.push({
        kind,
        oldLine: kind === 'add' ? null : oldLine++,
        newLine: kind === 'remove' ? null : newLine++,
        text: raw.slice(1),
        changed: null,
        noNewline: false,
      });
    }
  }
  for (const hunk of hunks) markChanges(hunk.lines);
  return hunks;
}

/** Marks what differs within runs of as many removed as added lines. */
function markChanges(lines: DiffLine[]): void {
  let at = 0;
  while (at < lines.length) {
    let middle = at;
    while (lines[middle]?.kind === 'remove') middle += 1;
    let end = middle;
    while (lines[end]?.kind === 'add') end += 1;
    const removed = middle - at;
    if (removed > 0 && end - middle === removed) {
      for (let i = 0; i < removed; i += 1) markPair(lines[at + i], lines[middle + i]);
    }
    at = Math.max(end, at + 1);
  }
}

function markPair(before: DiffLine | undefined, after: DiffLine | undefined): void {
  if (!before || !after) return;
  const shortest = Math.min(before.text.length, after.text.length);
  let start = 0;
  while (start < shortest && before.text[start] === after.text[start]) start += 1;
  let tail = 0;
  while (
    tail < shortest - start &&
    before.text[before.text.length - 1 - tail] === after.text[after.text.length - 1 - tail]
  ) {
    tail += 1;
  }
  // whole words: half a number says less than the number
  const word = /\w/;
  const inWord = (text: string, at: number): boolean =>
    word.test(text[at - 1] ?? '') && word.test(text[at] ?? '');
  while (start > 0 && (inWord(before.text, start) || inWord(after.text, start))) start -= 1;
  const splits = ({ text }: DiffLine): boolean => inWord(text, text.length - tail);
  while (tail > 0 && (splits(before) || splits(after))) tail -= 1;
  // nearly everything differs: marks would only be noise
  if (start + tail < shortest * 0.3) return;
  before.changed = [start, before.text.length - tail];
  after.changed = [start, after.text.length - tail];
}

/** Rows for the side-by-side view: a removed line stands beside the added line that replaces it. */
export function pairLines(lines: readonly DiffLine[]): [DiffLine | null, DiffLine | null][] {
  const rows: [DiffLine | null, DiffLine | null][] = [];
  let removed: DiffLine[] = [];
  let added: DiffLine[] = [];
  const flush = (): void => {
    for (let i = 0; i < Math.max(removed.length, added.length); i += 1) {
      rows.push([removed[i] ?? null, added[i] ?? null]);
    }
    removed = [];
    added = [];
  };
  for (const line of lines) {
    if (line.kind === 'remove') {
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line.kind === 'add') added.push(line);
    else {
      flush();
      rows.push([line, line]);
    }
  }
  flush();
  return rows;
}
