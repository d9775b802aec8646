import { createOutboundClient } from '../adapters/http/outbound-client.ts';
import { createMailer } from '../adapters/mail/smtp-mailer.ts';
import type { createDeliverySender } from '../activities/notify/index.ts';
import { publicUrl } from './public-url.ts';
import type { WorkerServices } from './open-services.ts';

/** What sending mail and webhooks needs, as the operator configured it. */
export function deliveryDeps({
  db,
  config,
  secretBox,
}: WorkerServices): Parameters<typeof createDeliverySender>[0] {
  const { allowHosts, timeout: timeoutMs } = config.outbound;
  const { attempts, retryAfter: retryAfterMs, retryLimit: retryLimitMs } = config.notify;
  return {
    db,
    secretBox,
    outbound: createOutboundClient({ allowHosts, timeoutMs }),
    mailer: createMailer(config.mail),
    publicUrl: publicUrl(config),
    mailDomain: /@([^\s<>@]+)/.exec(config.mail.from)?.[1] ?? 'localhost',
    policy: { attempts, retryAfterMs, retryLimitMs },
  };
}
