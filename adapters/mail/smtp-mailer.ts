import type { Transporter } from 'nodemailer';
import type { Config } from '../../contracts/config.ts';
import { hasMail, type Mail, MailError, type Mailer } from '../../contracts/notify/mailer.ts';

/** A mailer over the configured relay; null when there is none. */
export function createMailer(config: Config['mail']): (Mailer & { close: () => void }) | null {
  if (!hasMail(config)) return null;
  let opened: Promise<Transporter> | undefined;
  const open = () => (opened ??= openTransport(config));
  return {
    async send(mail: Mail) {
      const { to, subject, text, html, messageId } = mail;
      try {
        const transport = await open();
        await transport.sendMail({
          from: config.from,
          to: [to],
          subject,
          text,
          html,
          messageId,
          // Out-of-office answers to a machine help nobody.
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } catch (error) {
        throw toMailError(error);
      }
    },
    close: () => {
      void opened?.then((transport) => {
        transport.close();
      });
    },
  };
}

async function openTransport(config: Config['mail']): Promise<Transporter> {
  // only an installation that sends mail pays for it
  const { createTransport } = await import('nodemailer');
  const { host, port, user, password, tls, timeout } = config;
  const limits = {
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
  };
  if (config.smtpUrl !== null) return createTransport({ url: config.smtpUrl, ...limits });
  return createTransport({
    ...limits,
    host: host ?? 'localhost',
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
  });
}

/** Only what the relay says of the mail is final; what it says of us (login, TLS) an operator can mend. */
function toMailError(error: unknown): MailError {
  const { code, responseCode, command } = { ...(error as SmtpFailure) };
  const status = responseCode === undefined ? '' : ` ${String(responseCode)}`;
  const isOfMail = command !== undefined && /^(RCPT TO|MAIL FROM|DATA)/.test(command);
  const isFinal = isOfMail && responseCode !== undefined && responseCode >= 500;
  return new MailError(`The mail server did not take it: ${code ?? 'error'}${status}`, isFinal);
}

/** What nodemailer adds to its errors. */
interface SmtpFailure {
  code?: string;
  responseCode?: number;
  command?: string;
}
