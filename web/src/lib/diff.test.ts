import { describe, expect, it } from '@jest/globals';
import { pairLines, parseHunks } from './diff.ts';

const patch = `diff --git a/x b/x
--- a/x
+++ b/x
@@ -3,4 +3,5 @@ function f() {
 same
-const port = 80;
+const port = 8080;
+const host = 'x';
 end
\\ No newline at end of file
`;

describe('unified diffs', () => {
  it('numbers both sides [A-UI-03]', () => {
    const [hunk] = parseHunks(patch);
    expect(hunk?.lines.map((l) => [l.kind, l.oldLine, l.newLine])).toEqual([
      ['context', 3, 3],
      ['remove', 4, null],
      ['add', null, 4],
      ['add', null, 5],
      ['context', 5, 6],
    ]);
    expect(hunk?.lines.at(-1)?.noNewline).toBe(true);
  });

  it('marks the words that changed when lines replace each other one to one [A-UI-03]', () => {
    const [hunk] = parseHunks('@@ -1 +1 @@\n-const port = 80;\n+const port = 8080;\n');
    const [before, after] = hunk?.lines ?? [];
    expect(after?.text.slice(...(after.changed ?? [0, 0]))).toBe('8080');
    expect(before?.changed).toEqual([13, 15]);
  });

  it('sets a removed line beside the one that replaces it [A-UI-03]', () => {
    const rows = pairLines(parseHunks(patch)[0]?.lines ?? []);
    expect(rows.map(([a, b]) => [a?.text ?? null, b?.text ?? null])).toEqual([
      ['same', 'same'],
      ['const port = 80;', 'const port = 8080;'],
      [null, "const host = 'x';"],
      ['end', 'end'],
    ]);
  });

  it('gives nothing for a binary file [A-UI-03]', () => {
    expect(parseHunks('Binary files a/x and b/x differ\n')).toEqual([]);
  });

  it('gives the lines of files with carriage returns, tabs, blanks and separators as they are', () => {
    const lines = ['\r', '', '  two\t \r', 'a\u2028b', '\ufeffbom', '-- a/x', '++ b/x'];
    const text = `@@ -1,7 +0,0 @@ function f() {\r\n${lines.map((line) => `-${line}\n`).join('')}`;
    expect(parseHunks(text)[0]?.lines.map((line) => line.text)).toEqual(lines);
  });

  it('knows where a hunk ends when the patch of a file goes on with another head', () => {
    const text =
      'diff --git a/b b/b\n--- a/b\n+++ /dev/null\n@@ -1 +0,0 @@\n-two\n' +
      'diff --git a/b b/b\nnew file mode 120000\n--- /dev/null\n+++ b/b\n@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n';
    const hunks = parseHunks(text);
    expect(hunks.map((hunk) => hunk.lines.map((line) => line.text))).toEqual([['two'], ['a']]);
    expect(hunks[1]?.lines[0]?.noNewline).toBe(true);
  });
});
