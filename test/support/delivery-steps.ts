import { tryDelivery } from '../../activities/notify/send-delivery.ts';
import { loadConfig } from '../../adapters/config/load-config.ts';
import { createOutboundClient } from '../../adapters/http/outbound-client.ts';
import { createMailer } from '../../adapters/mail/smtp-mailer.ts';
import { findNextDelivery } from '../../domain/notify/next-delivery.ts';
import { prepareDelivery } from '../../domain/notify/prepare-delivery.ts';
import { recordDelivery } from '../../domain/notify/record-delivery.ts';
import type { AppUnderTest } from './app-under-test.ts';

export const relayLogin = { user: 'slipway', password: 'relay-password' };

const policy = { attempts: 3, retryAfterMs: 40, retryLimitMs: 100 };

/** Configuration of a relay on this machine. */
export function mailConfig(port: number, more: Record<string, string> = {}) {
  const env = {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    SMTP_USER: relayLogin.user,
    SMTP_PASSWORD: relayLogin.password,
    SLIPWAY_MAIL_TLS: 'none',
    MAIL_FROM: 'Slipway <ci@slipway.test>',
    ...more,
  };
  return loadConfig({ env }).mail;
}

/** One try of a receiver's oldest delivery, as the activity makes it. @returns its id; null when there is none */
export async function sendNext(
  { db, services }: AppUnderTest,
  subscription: string,
  mailPort?: number,
  secretBox = services.secretBox,
): Promise<string | null> {
  const next = await findNextDelivery(db, subscription);
  const prepared = next && (await prepareDelivery(db, next.deliveryId));
  if (next === null || prepared === null) return null;
  const mailer = mailPort === undefined ? null : createMailer(mailConfig(mailPort));
  const deps = {
    db,
    secretBox,
    outbound: createOutboundClient({ allowHosts: ['127.0.0.1'], timeoutMs: 30_000 }),
    mailer,
    publicUrl: 'https://slipway.test',
    mailDomain: 'slipway.test',
  };
  const outcome = await tryDelivery(deps, next.deliveryId, prepared);
  mailer?.close();
  await recordDelivery(db, next.deliveryId, outcome, policy);
  return next.deliveryId;
}
