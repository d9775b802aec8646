import { describe, expect, it } from '@jest/globals';
import { parseHunks } from './diff.ts';
import { unifiedPatch } from './line-diff.ts';

/** Applies a patch whose context is the whole text. */
function sides(patch: string): { before: string[]; after: string[] } {
  const lines = parseHunks(patch).flatMap((hunk) => hunk.lines);
  return {
    before: lines.filter((line) => line.kind !== 'add').map((line) => line.text),
    after: lines.filter((line) => line.kind !== 'remove').map((line) => line.text),
  };
}

describe('a diff of rendered manifests', () => {
  it('says nothing of what is the same, and counts what came and went [A-UI-05]', () => {
    expect(unifiedPatch('a', 'x\n', 'x\n')).toBeNull();
    const found = unifiedPatch('Deployment/web', 'a\nb\nc\n', 'a\nB\nc\nd\n');
    expect(found).toMatchObject({ additions: 2, deletions: 1 });
    expect(found?.patch).toBe(
      'diff --git a/Deployment/web b/Deployment/web\n--- a/Deployment/web\n+++ b/Deployment/web\n@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n',
    );
  });

  it('gives both sides back, whatever changed [A-UI-05]', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 300; round += 1) {
      const make = (): string[] => Array.from({ length: 1 + random(5) }, () => `l${random(3)}`);
      const before = make();
      const after = make();
      const found = unifiedPatch('x', `${before.join('\n')}\n`, `${after.join('\n')}\n`);
      if (found === null) expect(after).toEqual(before);
      else expect(sides(found.patch)).toEqual({ before, after });
    }
  });

  it('shows three lines around a change and numbers them by their place [A-UI-05]', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`);
    const after = lines.with(19, 'other');
    const [hunk, ...rest] = parseHunks(
      unifiedPatch('x', `${lines.join('\n')}\n`, `${after.join('\n')}\n`)?.patch ?? '',
    );
    expect(rest).toEqual([]);
    expect(hunk?.header).toBe('@@ -17,7 +17,7 @@');
    expect(hunk?.lines.find((line) => line.kind === 'add')?.newLine).toBe(20);
  });

  it('tells more edits than anybody follows as everything out, everything in', () => {
    const many = (word: string): string => `${word}\n`.repeat(2000);
    const found = unifiedPatch('x', many('a'), many('b'));
    expect(found).toMatchObject({ additions: 2000, deletions: 2000 });
    expect(sides(found?.patch ?? '').after).toHaveLength(2000);
    const made = parseHunks(unifiedPatch('x', '', many('b'))?.patch ?? '');
    expect(made[0]?.lines.at(-1)?.newLine).toBe(2000);
    expect(unifiedPatch('x', '', 'a')?.patch).toContain('@@ -0,0 +1,1 @@\n+a\n');
  });
});
