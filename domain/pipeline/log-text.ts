import { StringDecoder } from 'node:string_decoder';

/** Where to cut `bytes` so that at most `limit` bytes stay and no character is torn. Expects valid UTF-8. */
export function characterCut(bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  let cut = limit;
  while (cut > 0 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut;
}

/** Length of `bytes` without a character that is only begun at their end. */
export function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

export interface TextCleaner {
  push(chunk: Buffer): Buffer;
  end(): Buffer;
}

/**
 * Turns any bytes into text that every reader can show: what is not UTF-8 becomes U+FFFD, NUL is left out (which also
 * lets the masker see a secret that was written in UTF-16). Whole chunks of ASCII pass through untouched.
 */
export function cleanText(): TextCleaner {
  const decoder = new StringDecoder('utf8');
  let isPlain = true;
  const clean = (text: string): Buffer => Buffer.from(text.replaceAll('\0', ''), 'utf8');
  return {
    push(chunk) {
      if (isPlain && isPlainAscii(chunk)) return chunk;
      const text = decoder.write(chunk);
      // the decoder may keep a character that has only begun; after an ASCII byte it surely keeps none
      isPlain = (chunk[chunk.length - 1] ?? 255) < 128;
      return clean(text);
    },
    end: () => clean(decoder.end()),
  };
}

function isPlainAscii(chunk: Buffer): boolean {
  for (let index = 0; index < chunk.length; index++) {
    const byte = chunk[index] ?? 0;
    if (byte === 0 || byte > 127) return false;
  }
  return true;
}
