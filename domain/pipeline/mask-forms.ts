/** A value shorter than this would mask ordinary text, so it is not masked. */
export const shortestMasked = 4;

/**
 * Every spelling in which a secret may turn up in output: as it is, each line of it, base64 at all three alignments,
 * percent-encoded, JSON-, shell- and XML-escaped, hexadecimal.
 */
export function formsOfSecret(value: string): Buffer[] {
  const plain = value.replaceAll('\0', '');
  const pieces = new Set([
    plain,
    plain.trim(),
    ...plain.split(/\r\n|\n|\r/).map((line) => line.trim()),
  ]);
  const forms = new Map<string, Buffer>();
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'utf8');
    if (bytes.length < shortestMasked) continue;
    for (const form of formsOfPiece(piece, bytes)) {
      if (form.length >= shortestMasked) forms.set(form, Buffer.from(form, 'utf8'));
    }
  }
  return [...forms.values()];
}

function formsOfPiece(text: string, bytes: Buffer): string[] {
  return [
    text,
    ...base64Forms(bytes),
    ...percentForms(bytes),
    ...jsonForms(text),
    text.replaceAll("'", `'\\''`),
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;'),
    ...hexForms(bytes),
  ];
}

/**
 * Base64 text that holds the bytes when 0, 1 or 2 unknown bytes (mod 3) come before them. Characters that mix in
 * unknown bits are left out at both ends; the last one is also given as it stands when the data end here.
 */
function base64Forms(bytes: Buffer): string[] {
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = [0, 2, 3][before] ?? 0;
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    const padding = '='.repeat((3 - ((before + bytes.length) % 3)) % 3);
    for (const form of [
      encoded.slice(from, whole),
      encoded.slice(from),
      encoded.slice(from) + padding,
    ]) {
      forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return forms;
}

const unreserved = /[A-Za-z0-9\-_.~]/;
/** what encodeURIComponent leaves as it is beyond RFC 3986's unreserved characters */
const lenient = /[A-Za-z0-9\-_.~!'()*]/;
/** what encodeURI leaves as it is: the path and query of an address */
const address = /[A-Za-z0-9\-_.~!'()*;/?:@&=+$,#]/;

function percentForms(bytes: Buffer): string[] {
  const encode = (kept: RegExp, upper: boolean): string =>
    [...bytes]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        if (byte < 128 && kept.test(character)) return character;
        const hex = byte.toString(16).padStart(2, '0');
        return `%${upper ? hex.toUpperCase() : hex}`;
      })
      .join('');
  const forms = [unreserved, lenient, address].flatMap((kept) => [
    encode(kept, true),
    encode(kept, false),
  ]);
  return [...forms, ...forms.map((form) => form.replaceAll('%20', '+'))];
}

function jsonForms(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = (upper: boolean, pattern: RegExp): string =>
    escaped.replace(pattern, (character) => {
      const hex = character.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${upper ? hex.toUpperCase() : hex}`;
    });
  return [
    escaped,
    escaped.replaceAll('/', '\\/'),
    // writers that keep JSON in ASCII, and writers that also keep it safe inside HTML
    ascii(false, /[\u0080-\uffff]/g),
    ascii(true, /[\u0080-\uffff]/g),
    ascii(false, /[<>&\u2028\u2029]/g),
    // JSON inside JSON
    JSON.stringify(escaped).slice(1, -1),
  ];
}

function hexForms(bytes: Buffer): string[] {
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
  const forms = [
    pairs.join(''),
    pairs.join(' '),
    pairs.join(':'),
    pairs.map((pair) => `\\x${pair}`).join(''),
  ];
  return [...forms, ...forms.map((form) => form.toUpperCase())];
}
