import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { foreignPayload } from '../../contracts/foreign-payload.ts';
import { DomainError } from '../../contracts/problems.ts';
import { isReadableSummary } from '../../contracts/readable-summary.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';

const encoding = 'binary/encrypted';
/** in the metadata: the workflow that it was sealed for */
const boundTo = 'workflow-id';
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

const utf8 = new TextEncoder();
const text = new TextDecoder();

export interface CodecOptions {
  /** `kept` opens histories that were recorded, or fetched, with payloads that were never sealed */
  plain?: 'refused' | 'kept';
  /**
   * For workers: a payload that a stranger gave to a workflow becomes `foreignPayload`, which the interceptors of workflows
   * refuse. Refused in here it would fail every task of that workflow, for ever.
   */
  replacesForeign?: boolean;
}

/** Not sealed by this installation, or for another workflow. */
class ForeignPayload extends Error {
  constructor(why: string) {
    super(`A payload in Temporal was refused: ${why}.`);
    this.name = 'ForeignPayload';
  }
}

/**
 * Encrypts what Temporal stores: AES-256-GCM under a key of its own for each payload, derived with a random salt, so
 * that no installation lives long enough to repeat a nonce. It is bound to its workflow: given to another one it does not
 * open. What was not sealed is refused; texts made by `readableSummary` pass as they are, for clients that show them.
 * Form of the data: salt (16 bytes), nonce (12), ciphertext, tag (16).
 */
export function createPayloadCodec(box: SecretBox, options: CodecOptions = {}): PayloadCodec {
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
    encode: (payloads, context) =>
      each(payloads, (payload, key) => encrypt(payload, key, context?.workflowId)),
    decode: (payloads, context) =>
      each(payloads, (payload, key) => open(payload, key, options, context)),
  };
}

function open(
  payload: Payload,
  key: CodecKey,
  { plain, replacesForeign = false }: CodecOptions,
  context: SerializationContext | undefined,
): Payload {
  try {
    if (isSealed(payload)) return decrypt(payload, key, context?.workflowId);
    if (plain === 'kept' || (!replacesForeign && isSummary(payload))) return payload;
    throw new ForeignPayload('it is not sealed');
  } catch (error) {
    const isReplaced = replacesForeign && context?.type === 'workflow';
    if (isReplaced && error instanceof ForeignPayload) return replacement;
    throw error;
  }
}

const replacement: Payload = {
  metadata: { encoding: new TextEncoder().encode('json/plain') },
  data: new TextEncoder().encode(JSON.stringify(foreignPayload)),
};

interface CodecKey {
  bytes: Uint8Array;
  id: string;
}

function encrypt(payload: Payload, key: CodecKey, workflowId: string | undefined): Payload {
  if (isSummary(payload)) return payload;
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', payloadKey(key.bytes, salt), nonce, {
    authTagLength: tagBytes,
  });
  if (workflowId !== undefined) cipher.setAAD(additionalData(workflowId));
  const data = Buffer.concat([
    salt,
    nonce,
    cipher.update(pack(payload)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return {
    metadata: {
      encoding: utf8.encode(encoding),
      'encryption-key-id': utf8.encode(key.id),
      ...(workflowId === undefined ? {} : { [boundTo]: utf8.encode(workflowId) }),
    },
    data: new Uint8Array(data),
  };
}

function isSealed({ metadata }: Payload): boolean {
  const found = metadata?.['encoding'];
  return found !== undefined && text.decode(found) === encoding;
}

/** @param workflowId whose payload it has to be, where that is known. Versions of before bound none. */
function decrypt(payload: Payload, key: CodecKey, workflowId: string | undefined): Payload {
  const usedKeyId = text.decode(payload.metadata?.['encryption-key-id']);
  if (usedKeyId !== key.id) {
    throw new DomainError('sealed', 'This run was encrypted with another master key.');
  }
  const bound = payload.metadata?.[boundTo];
  const owner = bound === undefined ? undefined : text.decode(bound);
  if (owner !== undefined && workflowId !== undefined && !isOf(owner, workflowId))
    throw new ForeignPayload('it was sealed for another workflow');
  const data = payload.data ?? new Uint8Array();
  const salt = data.subarray(0, saltBytes);
  const nonce = data.subarray(saltBytes, saltBytes + nonceBytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', payloadKey(key.bytes, salt), nonce, {
      authTagLength: tagBytes,
    });
    if (owner !== undefined) decipher.setAAD(additionalData(owner));
    decipher.setAuthTag(data.subarray(-tagBytes));
    const plain = decipher.update(data.subarray(saltBytes + nonceBytes, -tagBytes));
    return unpack(Buffer.concat([plain, decipher.final()]));
  } catch {
    throw new ForeignPayload('it does not open');
  }
}

/** A schedule seals for its workflow, whose runs have the time behind that id. */
function isOf(owner: string, workflowId: string): boolean {
  if (owner === workflowId) return true;
  const rest = workflowId.startsWith(`${owner}-`) ? workflowId.slice(owner.length + 1) : '';
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(rest);
}

function additionalData(workflowId: string): Uint8Array {
  return utf8.encode(`slipway/temporal-payload/v2\n${workflowId}`);
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
