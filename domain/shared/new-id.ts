import { randomBytes } from 'node:crypto';
import { idPrefixes, type IdKind } from '../../contracts/ids.ts';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
let lastMs = 0;
let lastCounter = 0;

/** Milliseconds and a 12 bit counter that together only ever grow within this process (RFC 9562, method 1). */
function nextTick(): { ms: number; counter: number } {
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    lastCounter = randomBytes(2).readUInt16BE() & 0x7ff;
  } else if (lastCounter < 0xfff) {
    lastCounter += 1;
  } else {
    lastMs += 1;
    lastCounter = 0;
  }
  return { ms: lastMs, counter: lastCounter };
}

function uuidV7(): bigint {
  const { ms, counter } = nextTick();
  const tail = randomBytes(8).readBigUInt64BE() & 0x3fff_ffff_ffff_ffffn;
  const head = (BigInt(ms) << 16n) | 0x7000n | BigInt(counter);
  return (head << 64n) | 0x8000_0000_0000_0000n | tail;
}

/**
 * A new entity id: `prefix_` + UUIDv7 in lower-case Crockford base32, 26 characters (`prj_01jd…`).
 * Ids made later sort later, within one process strictly so.
 */
export function newId(kind: IdKind): string {
  let rest = uuidV7();
  let text = '';
  for (let i = 0; i < 26; i += 1) {
    text = alphabet.charAt(Number(rest & 31n)) + text;
    rest >>= 5n;
  }
  return `${idPrefixes[kind]}_${text}`;
}
