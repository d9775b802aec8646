import type { NotificationRefType, NotificationType } from '../../contracts/notify/types.ts';

/** What people are told because of one event, before it is known who wants it where. */
export interface Notice {
  type: NotificationType;
  /** one line, without a line feed */
  subject: string;
  body: string;
  refType: NotificationRefType;
  refId: string;
  /** page of the web app, relative to its root */
  link: string;
  /** user id → true when it is this user's own doing */
  recipients: ReadonlyMap<string, boolean>;
}

/** Text for a subject: one line of at most 200 characters, none of them cut in half: Postgres refuses half of one. */
export function subjectLine(text: string): string {
  return [...text.replaceAll(/\s+/g, ' ').trim()].slice(0, 200).join('');
}
