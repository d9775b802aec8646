import { createHash } from 'node:crypto';

/** sha256 as hex: the form in which session cookies and API tokens are kept. They are random, so no salt is needed. */
export function sha256Hex(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}
