import { directions } from './plain-text.ts';

/** What no row or notice keeps; white space among it becomes a blank. */
const unplain = new RegExp(`[\\p{Cc}${directions}]`, 'gu');

/** As much of another program's output as a reason, an event or a notice repeats. */
const usual = 200;

/**
 * What somebody else's program said, as it may stand in a row, an event and a notice: one line, without control characters
 * and what turns the direction of writing, at most `most` characters. It is not masked: whoever knows secrets that the
 * program was given masks them before, for a cut could leave half of one.
 */
export function foreignWords(text: string, most = usual): string {
  const line = plainWords(text).replaceAll(/\s+/g, ' ').trim();
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, most - 1).join('')}…`;
}

/** The same with its lines and in full. */
export function plainWords(text: string): string {
  return text
    .replaceAll(/\p{Cc}\[[0-9;?]*[ -/]*[@-~]/gu, '')
    .replaceAll(unplain, (character) => (/\s/.test(character) ? character : ''));
}
