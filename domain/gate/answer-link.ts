import { createHmac, timingSafeEqual } from 'node:crypto';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';

/** Whom a link lets answer which gate, and until when. It says nothing of the answer. */
export interface AnswerLink {
  gateId: string;
  userId: string;
  expiresAt: Date;
}

const purpose = 'gate-answer-link';
/** A gate without an end of its own is answered by link for this long. */
const defaultLifeMs = 72 * 3_600_000;

function sign(box: SecretBox, text: string): string {
  return createHmac('sha256', box.deriveKey(purpose)).update(text).digest('base64url');
}

/** A token for the link in a mail: `<gate>.<user>.<expiry in ms>.<hmac>`, the same for every try of that mail. */
export function makeAnswerToken(box: SecretBox, link: AnswerLink): string {
  const text = [link.gateId, link.userId, String(link.expiresAt.getTime())].join('.');
  return `${text}.${sign(box, text)}`;
}

/** When the link of a mail ends: with the gate, else after three days. */
export function answerLinkEnd(gateExpiresAt: Date | null, sentAt: Date): Date {
  return gateExpiresAt ?? new Date(sentAt.getTime() + defaultLifeMs);
}

/**
 * What a token says, after its signature was checked.
 * @throws DomainError `invalid_credentials` for a token that is not ours or not of this gate, or has expired
 */
export function readAnswerToken(box: SecretBox, gateId: string, token: string): AnswerLink {
  const parts = token.split('.');
  const [ofGate = '', userId = '', expiry = '', mac = ''] = parts;
  // As text: a decoder passes over what is no base64, so one signature would have many spellings.
  const given = Buffer.from(mac);
  const wanted = Buffer.from(sign(box, parts.slice(0, 3).join('.')));
  const isOurs =
    parts.length === 4 && given.length === wanted.length && timingSafeEqual(given, wanted);
  if (!isOurs || ofGate !== gateId)
    throw new DomainError('invalid_credentials', 'This link is not one of ours for this gate.');
  const expiresAt = new Date(Number(expiry));
  if (expiresAt.getTime() <= Date.now())
    throw new DomainError('invalid_credentials', 'This link has expired: sign in to decide.');
  return { gateId: ofGate, userId, expiresAt };
}
