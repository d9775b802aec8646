import { PlainText } from '../../contracts/shared/plain-text.ts';

const failure =
  /(^|[\s[(])(error|fatal|panic|exception|traceback|failed|failure|FAIL|not ok|✗|✖|✕)([\s:!\]),.]|$)/i;
const harmless = /\b(0|no) (errors?|failed|failures?)\b|(errors?|failed|failures?|fail)[:=]? 0\b/i;

/** True when a line of output, colours and all, tells of a failure. */
export function tellsOfFailure(line: string): boolean {
  const text = new PlainText().push(line);
  return failure.test(text) && !harmless.test(text);
}
