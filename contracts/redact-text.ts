/** What stands in the place of a secret. */
export const redacted = '[redacted]';

/** Tokens of ours, credentials in headers, and passwords in connection addresses, wherever they stand in a text. */
const secretsInText: readonly [RegExp, string][] = [
  [/\bslp_[A-Za-z0-9_-]{8,}/g, redacted],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${redacted}`],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, redacted],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/@]+@/gi, `$1${redacted}@`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
];

/** The text without what is known for a secret by its shape. */
export function redactText(text: string): string {
  return secretsInText.reduce((rest, [pattern, by]) => rest.replace(pattern, by), text);
}
