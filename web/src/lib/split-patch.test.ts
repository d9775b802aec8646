import { describe, expect, it } from '@jest/globals';
import { splitPatch } from './split-patch.ts';

describe('a patch of several files', () => {
  it('is cut at the head of each file and nowhere else [A-UI-03]', () => {
    const a = 'diff --git a/a b/a\n@@ -1 +1 @@\n-x\n+ diff --git a/no b/no\n';
    const b = 'diff --git a/b b/b\nnew file mode 100644\n';
    expect(splitPatch(a + b)).toEqual([a, b]);
    expect(splitPatch(`\n${a}`)).toEqual([a]);
    expect(splitPatch(a)).toEqual([a]);
    expect(splitPatch('')).toEqual([]);
    expect(splitPatch('nothing here')).toEqual([]);
  });
});
