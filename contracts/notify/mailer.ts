import type { Config } from '../config.ts';

/** One mail to one person. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  /** the same for every try, so that receivers can tell a repeated mail */
  messageId: string;
}

/**
 * Hands a mail to the relay. Rejects with MailError when the relay did not take it: also then it may have, if the
 * connection broke at the wrong moment.
 */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}

/** The relay did not take a mail. The message names no password. */
export class MailError extends Error {
  override readonly name = 'MailError';
  /** true: no further try will be taken (5xx for this mail) */
  readonly isFinal: boolean;

  constructor(message: string, isFinal: boolean) {
    super(message);
    this.isFinal = isFinal;
  }
}

/** True when the operator has configured a relay. */
export function hasMail(mail: Config['mail']): boolean {
  return mail.smtpUrl !== null || mail.host !== null;
}
