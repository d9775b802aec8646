import { createHmac } from 'node:crypto';
import type { SecretBox } from '../../contracts/secret/types.ts';

/** The key that a subscription's messages are signed with while it names no secret: made of the master key, stored nowhere. */
export function signingSecret(box: SecretBox, subscription: string): string {
  const key = box.deriveKey(`webhook:${subscription}`);
  return `whsec_${Buffer.from(key).toString('base64')}`;
}

function keyOf(secret: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/=]+)$/.exec(secret)?.[1];
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64');
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text);

/**
 * Headers of one message. `webhook-signature` is that of Standard Webhooks, over `id.timestamp.body`; the others are
 * over the body alone, as seed 002 and GitHub have them, so that a receiver written for those works as it is.
 * @param secret `whsec_` and base64, or any text, which is then the key as it is
 * @param timestamp seconds since 1970
 */
export function signatureHeaders(
  secret: string,
  message: { deliveryId: string; timestamp: number; body: string },
): Record<string, string> {
  const { deliveryId, timestamp, body } = message;
  const key = keyOf(secret);
  const signed = hmac(key, `${deliveryId}.${String(timestamp)}.${body}`).digest('base64');
  const ofBody = hmac(key, body).digest('hex');
  return {
    'webhook-id': deliveryId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${signed}`,
    'x-webhook-signature': ofBody,
    'x-webhook-signature-algorithm': 'sha256',
    'x-webhook-timestamp': String(timestamp),
    'x-hub-signature-256': `sha256=${ofBody}`,
  };
}
