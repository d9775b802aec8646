/** Transports by which a submodule's address runs a program or reads the cloner's own files. */
const unsafeUrl = /^\s*(?:url|path|update)\s*=\s*"?\s*(?:-|!|[a-z0-9]+::|file:|fd:)/imu;

/**
 * What is wrong with a `.gitmodules` file, or null. Comes on top of git's own fsck rules: a carriage return in a value
 * (CVE-2025-48384), addresses that begin with `-`, `ext::`-like transports, `update = !command`.
 */
export function submoduleFileProblem(text: string): string | null {
  if (/\r(?!\n)/u.test(text) || /\r"?\s*$/mu.test(text.replace(/\r\n/gu, '\n'))) {
    return 'has a carriage return inside a value';
  }
  if (/[^\P{Cc}\n\t\r]/u.test(text)) return 'has control characters';
  return unsafeUrl.test(text) ? 'names an address or command that is not safe to clone' : null;
}
