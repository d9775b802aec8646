import { describe, expect, it } from '@jest/globals';
import { contextLines, gapBefore } from './diff-context.ts';
import { parseHunks } from './diff.ts';

const patch = `@@ -4,3 +4,4 @@
 four
+four and a half
 five
 six
@@ -20,2 +21,2 @@
 twenty
-twenty one
+twentyone
`;

describe('lines that a patch leaves out', () => {
  const hunks = parseHunks(patch);
  const text = Array.from({ length: 30 }, (_, index) => `line ${String(index + 1)}`);

  it('are those before each hunk, with the shift of what was added above [A-UI-03]', () => {
    expect(gapBefore(hunks, 0)).toEqual({ from: 1, to: 3, shift: 0 });
    expect(gapBefore(hunks, 1)).toEqual({ from: 8, to: 20, shift: 1 });
  });

  it('are shown from the hunk upwards, with their numbers on both sides [A-UI-03]', () => {
    const gap = gapBefore(hunks, 1);
    const lines = gap ? contextLines(text, gap, 2) : [];
    expect(lines.map((line) => [line.oldLine, line.newLine, line.text])).toEqual([
      [18, 19, 'line 19'],
      [19, 20, 'line 20'],
    ]);
    expect(gap && contextLines(text, gap, 100)).toHaveLength(13);
  });

  it('are none when a hunk begins at the top, or makes or deletes the file [A-UI-03]', () => {
    expect(gapBefore(parseHunks('@@ -1,1 +1,1 @@\n-a\n+b\n'), 0)).toBeNull();
    expect(gapBefore(parseHunks('@@ -0,0 +1,1 @@\n+b\n'), 0)).toBeNull();
  });
});
