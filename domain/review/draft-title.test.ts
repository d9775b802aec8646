import { describe, expect, it } from '@jest/globals';
import { isDraft, titleAs } from './draft-title.ts';

describe('a draft', () => {
  it.each([
    ['Draft: x', 'x'],
    ['draft:x', 'x'],
    ['WIP: x', 'x'],
    ['wip : x', 'x'],
    ['[Draft] x', 'x'],
    ['[WIP] x', 'x'],
    ['(Draft) x', 'x'],
    ['  Draft: [WIP] x', 'x'],
  ])('is told by its title: %s [A-MR-04]', (title, ready) => {
    expect(isDraft(title)).toBe(true);
    expect(titleAs(title, true)).toBe(title);
    expect(titleAs(title, undefined)).toBe(title);
    expect(titleAs(title, false)).toBe(ready);
  });

  it.each(['Drafts: x', 'Draft x', 'wipe: x', 'x Draft:', 'Revert "Draft: x"', 'The draft: x'])(
    'is not what the title only speaks of: %s [A-MR-04]',
    (title) => {
      expect(isDraft(title)).toBe(false);
      expect(titleAs(title, false)).toBe(title);
      expect(titleAs(title, true)).toBe(`Draft: ${title}`);
    },
  );

  it('with nothing but its mark needs a title before it is ready [A-MR-04]', () => {
    expect(() => titleAs('Draft: [WIP]', false)).toThrow(/give it a title/);
  });
});
