/** What a mail says. */
export interface MailContent {
  subject: string;
  body: string | null;
  /** the page to look at */
  url: string | null;
  /** where to answer without signing in, and until when */
  answer: { url: string; expiresAt: Date } | null;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The same mail as plain text and as a small page without pictures or style. */
export function mailText({ subject, body, url, answer }: MailContent): {
  text: string;
  html: string;
} {
  const until =
    answer === null ? '' : `The link works once, until ${answer.expiresAt.toISOString()}.`;
  const text = [
    subject,
    body,
    url === null ? null : `Look at it: ${url}`,
    answer === null ? null : `Approve or reject: ${answer.url}\n${until}`,
  ];
  const html = [
    `<p><strong>${escape(subject)}</strong></p>`,
    body === null ? null : `<p>${escape(body).replaceAll('\n', '<br>')}</p>`,
    url === null ? null : `<p><a href="${escape(url)}">Look at it</a></p>`,
    answer === null
      ? null
      : `<p><a href="${escape(answer.url)}">Approve or reject</a><br>${escape(until)}</p>`,
  ];
  const join = (parts: (string | null)[], glue: string) =>
    parts.filter((part) => part !== null && part !== '').join(glue);
  return { text: `${join(text, '\n\n')}\n`, html: join(html, '\n') };
}
