import { describe, expect, it } from '@jest/globals';
import { splitPatch } from './split-patch.ts';

describe('a patch of several files', () => {
  it('is cut at the head of each file and nowhere else [A-UI-03]', () => {
    const a = 'diff --git a/a b/a\n@@ -1 +1 @@\n-x\n+ diff --git a/no b/no\rdiff --git a/no b/no\n';
    const b = 'diff --git a/b b/b\nnew file mode 100644\n';
    expect(splitPatch(a + b)).toEqual([a, b]);
    expect(splitPatch(`\n${a}`)).toEqual([a]);
    expect(splitPatch(a)).toEqual([a]);
    expect(splitPatch('')).toEqual([]);
    expect(splitPatch('nothing here')).toEqual([]);
  });

  it('keeps together what git says of a file that changed its kind', () => {
    const gone = 'diff --git a/b b/b\ndeleted file mode 100644\n@@ -1 +0,0 @@\n-two\n';
    const made = 'diff --git a/b b/b\nnew file mode 120000\n@@ -0,0 +1 @@\n+a\n';
    const next = 'diff --git a/b b/bb\n@@ -1 +1 @@\n-x\n+y\n';
    expect(splitPatch(gone + made + next)).toEqual([gone + made, next]);
  });
});
