import { stripVTControlCharacters } from 'node:util';

// by number, so that this file holds no such character itself
const hidden = new RegExp(
  '[\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]',
  'gu',
);

/**
 * One line of somebody else's words for this terminal: without escape sequences, other control characters and what changes
 * the direction of writing spelled out (`\u{202e}`).
 * @param {string} text
 */
export function plainLine(text) {
  return stripVTControlCharacters(text).replace(
    hidden,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
