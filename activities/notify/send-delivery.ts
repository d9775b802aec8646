import { MailError, type Mailer } from '../../contracts/notify/mailer.ts';
import { type OutboundClient, OutboundError } from '../../contracts/outbound/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import { answerLinkEnd, makeAnswerToken } from '../../domain/gate/answer-link.ts';
import type { PreparedDelivery } from '../../domain/notify/prepare-delivery.ts';
import type { DeliveryOutcome } from '../../domain/notify/record-delivery.ts';
import { signatureHeaders, signingSecret } from '../../domain/notify/sign-webhook.ts';
import { resolveSecrets } from '../../domain/secret/resolve-secrets.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { mailText } from './mail-text.ts';

export interface SendDeps {
  db: PrismaClient;
  outbound: OutboundClient;
  /** null: the operator has configured no relay */
  mailer: Mailer | null;
  secretBox: SecretBox;
  /** address that people use, without a slash at the end */
  publicUrl: string;
  /** domain of Message-ID */
  mailDomain: string;
}

type Of<K extends PreparedDelivery['kind']> = Extract<PreparedDelivery, { kind: K }>;
type Result =
  | { ok: true; status: number | null }
  | { ok: false; error: string; isFinal: boolean; status: number | null };

const failed = (error: string, isFinal: boolean, status: number | null = null): Result => ({
  ok: false,
  error,
  isFinal,
  status,
});

/** One try. Whatever the receiver does is an outcome; an error here is one of ours, and tried again by the engine. */
export async function tryDelivery(
  deps: SendDeps,
  deliveryId: string,
  prepared: PreparedDelivery,
): Promise<DeliveryOutcome> {
  const started = Date.now();
  const result = await send(deps, deliveryId, prepared);
  const rest = { responseStatus: result.status, durationMs: Date.now() - started };
  return result.ok
    ? { kind: 'sent', ...rest }
    : { kind: 'failed', error: result.error, isFinal: result.isFinal, ...rest };
}

async function send(deps: SendDeps, id: string, prepared: PreparedDelivery): Promise<Result> {
  if (prepared.kind === 'void') return failed(prepared.reason, true);
  if (prepared.kind === 'mail') return await sendMail(deps, id, prepared);
  return await postWebhook(deps, id, prepared);
}

async function postWebhook(
  deps: SendDeps,
  deliveryId: string,
  { url, body, eventType, ...webhook }: Of<'webhook'>,
): Promise<Result> {
  try {
    const secret = await secretOf(deps, webhook);
    const timestamp = Math.floor(Date.now() / 1000);
    const { status } = await deps.outbound.post(url, {
      body,
      headers: {
        ...signatureHeaders(secret, { deliveryId, timestamp, body }),
        'content-type': 'application/json',
        'user-agent': 'Slipway',
        'x-slipway-event': eventType,
        'x-slipway-delivery': deliveryId,
      },
    });
    if (status >= 200 && status < 300) return { ok: true, status };
    // 410 says: never again. A redirect is not followed, the new address has to be set.
    return failed(`answered ${String(status)}`, status === 410, status);
  } catch (error) {
    if (error instanceof OutboundError) return failed(error.message, error.isRefused);
    // Of this receiver, be it for now: it must not hold up its later messages for ever.
    if (error instanceof DomainError && ['secret_unavailable', 'sealed'].includes(error.code))
      return failed(error.message, false);
    throw error;
  }
}

async function secretOf(
  { db, secretBox }: SendDeps,
  { secret, subscription }: Pick<Of<'webhook'>, 'secret' | 'subscription'>,
): Promise<string> {
  if (secret === null) return signingSecret(secretBox, subscription);
  const values = await resolveSecrets(db, secretBox, {
    projectId: secret.projectId,
    names: [secret.name],
    consumer: 'webhook',
    usedBy: { kind: 'webhook', id: subscription },
  });
  return values.get(secret.name) ?? '';
}

async function sendMail(deps: SendDeps, deliveryId: string, mail: Of<'mail'>): Promise<Result> {
  if (deps.mailer === null) return failed('no mail server is configured', true);
  const { to, subject, body, link } = mail;
  try {
    await deps.mailer.send({
      to,
      subject: `[Slipway] ${subject}`,
      // The same for every try: a receiver can tell a repeated mail.
      messageId: `<${deliveryId}@${deps.mailDomain}>`,
      ...mailText({
        subject,
        body,
        url: link === null ? null : deps.publicUrl + link,
        answer: answerOf(deps, mail),
      }),
    });
    return { ok: true, status: null };
  } catch (error) {
    if (error instanceof MailError) return failed(error.message, error.isFinal);
    throw error;
  }
}

/** The link to answer a gate with. Without a master key there is none: the page of the gate is still linked. */
function answerOf(
  { secretBox, publicUrl }: SendDeps,
  { gate, userId }: Of<'mail'>,
): { url: string; expiresAt: Date } | null {
  if (gate === null || secretBox.keyId === null) return null;
  const expiresAt = answerLinkEnd(gate.expiresAt, new Date());
  const token = makeAnswerToken(secretBox, { gateId: gate.id, userId, expiresAt });
  return { url: `${publicUrl}/gates/${gate.id}/answer?token=${token}`, expiresAt };
}
