import type { Choices } from '../../components/picker.tsx';

/** What stands beside the names, as value and words; the one for `''` is for no choice. */
export type NoChoice = readonly (readonly [string, string])[];

const shown = 50;

/** Whether `text` has `q` in it, whatever its case. */
export const hasText = (text: string, q: string): boolean =>
  text.toLowerCase().includes(q.toLowerCase());

/** A value as it is shown: the words of `none` for it, or the name itself. */
export function wordsOf(value: string, none: NoChoice): string {
  return none.find(([known]) => known === value)?.[1] ?? value;
}

/**
 * Choices of a picker among `names`; `more`: the server has others. What is no name comes first as long as nothing is
 * typed, and last when it is: Enter then takes a name.
 */
export function foundNames(
  q: string,
  none: NoChoice,
  names: readonly string[],
  more = false,
): Choices {
  const others = none
    .filter(([, words]) => hasText(words, q))
    .map(([value, words]) => ({ value, text: words }));
  const items = names.slice(0, shown).map((name) => ({ value: name, text: name }));
  return {
    items: q === '' ? [...others, ...items] : [...items, ...others],
    more: more || names.length > shown,
  };
}
