import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { DomainError } from '../../contracts/problems.ts';
import { isReadableSummary } from '../../contracts/readable-summary.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';

const encoding = 'binary/encrypted';
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/**
 * Encrypts what Temporal stores: AES-256-GCM under a key of its own for each payload, derived with a random salt, so
 * that no installation lives long enough to repeat a nonce. Texts made by `readableSummary` pass as they are.
 * Form of the data: salt (16 bytes), nonce (12), ciphertext, tag (16).
 */
export function createPayloadCodec(box: SecretBox): PayloadCodec {
  let derived: Uint8Array | undefined;
  // asked for when it is needed: without a master key a process still starts, and says `sealed` to who needs it
  const each = (
    payloads: Payload[],
    convert: (payload: Payload, key: CodecKey) => Payload,
  ): Promise<Payload[]> => {
    try {
      derived ??= box.deriveKey('temporal-payloads');
      const key = { bytes: derived, id: box.keyId ?? '' };
      return Promise.resolve(payloads.map((payload) => convert(payload, key)));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return {
    encode: (payloads) => each(payloads, encrypt),
    decode: (payloads) => each(payloads, decrypt),
  };
}

interface CodecKey {
  bytes: Uint8Array;
  id: string;
}

function encrypt(payload: Payload, key: CodecKey): Payload {
  if (isSummary(payload)) return payload;
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', payloadKey(key.bytes, salt), nonce, {
    authTagLength: tagBytes,
  });
  const data = Buffer.concat([
    salt,
    nonce,
    cipher.update(pack(payload)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return {
    metadata: { encoding: utf8.encode(encoding), 'encryption-key-id': utf8.encode(key.id) },
    data: new Uint8Array(data),
  };
}

function decrypt(payload: Payload, key: CodecKey): Payload {
  if (
    payload.metadata?.['encoding'] === undefined ||
    text.decode(payload.metadata['encoding']) !== encoding
  ) {
    return payload;
  }
  const usedKeyId = text.decode(payload.metadata['encryption-key-id']);
  if (usedKeyId !== key.id) {
    throw new DomainError('sealed', 'This run was encrypted with another master key.');
  }
  const data = payload.data ?? new Uint8Array();
  const salt = data.subarray(0, saltBytes);
  const nonce = data.subarray(saltBytes, saltBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', payloadKey(key.bytes, salt), nonce, {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(data.subarray(-tagBytes));
  const plain = decipher.update(data.subarray(saltBytes + nonceBytes, -tagBytes));
  return unpack(Buffer.concat([plain, decipher.final()]));
}

function payloadKey(key: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, 'slipway/temporal-payload/v1', 32));
}

/** Metadata as JSON behind its length, then the data. */
function pack(payload: Payload): Buffer {
  const metadata = Object.entries(payload.metadata ?? {}).map(
    ([name, value]) => [name, Buffer.from(value).toString('base64')] as const,
  );
  const head = Buffer.from(JSON.stringify(Object.fromEntries(metadata)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(head.length);
  // A workflow that answers nothing has an empty list here instead of bytes.
  return Buffer.concat([length, head, Uint8Array.from(payload.data ?? [])]);
}

function unpack(packed: Buffer): Payload {
  const end = 4 + packed.readUInt32BE(0);
  const metadata = JSON.parse(packed.subarray(4, end).toString('utf8')) as Record<string, string>;
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [
        name,
        new Uint8Array(Buffer.from(value, 'base64')),
      ]),
    ),
    data: new Uint8Array(packed.subarray(end)),
  };
}

const quote = 34;
const largestSummary = 1024;

function isSummary({ data }: Payload): boolean {
  if (data === undefined || data === null || data.length > largestSummary || data[0] !== quote)
    return false;
  const value: unknown = JSON.parse(text.decode(data));
  return typeof value === 'string' && isReadableSummary(value);
}
