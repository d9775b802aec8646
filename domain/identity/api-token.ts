import { createHash, randomBytes } from 'node:crypto';

const prefix = 'slp_';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretLength = 40;
const shape = /^slp_([0-9A-Za-z]{40})([0-9A-Za-z]{6})$/;

function checksum(secret: string): string {
  let rest = createHash('sha256').update(secret).digest().readUInt32BE(0);
  let text = '';
  for (let digit = 0; digit < 6; digit += 1) {
    text = alphabet.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

/** A new token: `slp_`, 40 random characters (238 bits), 6 of checksum so that scanners and we know a typo. */
export function newApiToken(): string {
  let secret = '';
  while (secret.length < secretLength) {
    for (const byte of randomBytes(64)) {
      // 248 = 4 * 62: bytes above would favour the first letters
      if (byte < 248 && secret.length < secretLength) secret += alphabet.charAt(byte % 62);
    }
  }
  return prefix + secret + checksum(secret);
}

/** True when the text has the shape and the checksum of a token; says nothing on whether it is known. */
export function isApiToken(text: string): boolean {
  const found = shape.exec(text);
  return found?.[1] !== undefined && checksum(found[1]) === found[2];
}
