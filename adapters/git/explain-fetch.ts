/** What is known of a fetch besides what git said of it. */
export interface FailedFetch {
  /** exit code; null when a signal ended it */
  code: number | null;
  stderr: string;
  branch: string;
  hasCredential: boolean;
}

const tls = /certificate|SSL|TLS|gnutls/i;
const lost =
  /Failed to connect|Could not connect|Couldn't connect|Connection refused|Connection reset|Recv failure|Empty reply|early EOF|unexpected disconnect|hung up/i;

/**
 * Why a fetch failed, in words of our own. Nothing that the other side sent is repeated: it was given the credential, and
 * could send it back.
 */
export function explainFetch({ code, stderr, branch, hasCredential }: FailedFetch): string {
  const status = /returned error: (\d{3})/.exec(stderr)?.[1];
  const isRefused = status === '401' || status === '403';
  if (isRefused || /could not read (?:Username|Password)|Authentication failed/i.test(stderr)) {
    return hasCredential
      ? 'It does not take the credential: expected a global secret with user:token, or a token, that may read it.'
      : 'It asks for a credential: store user:token, or a token, as a global secret and name it here.';
  }
  // A web page that answers anything with 200 looks like a repository without branches.
  if (/couldn't find remote ref/i.test(stderr)) {
    return `It has no branch ${branch}, or is no git repository.`;
  }
  if (status === '404' || /repository .* not found/i.test(stderr)) {
    return 'There is no repository at this address, or the credential may not see it.';
  }
  if (status?.startsWith('3') === true || /redirect/i.test(stderr)) {
    return 'It answers with a redirect, which is not followed: expected the address that it leads to.';
  }
  if (status !== undefined) return `It answers with HTTP ${status}.`;
  if (
    /does not support shallow|dumb http|not valid: is this a git repository|invalid server response/i.test(
      stderr,
    )
  ) {
    return 'It is no git server that can be fetched from over HTTP.';
  }
  if (/too slow|timed out|timeout/i.test(stderr)) return 'It does not answer in time.';
  if (lost.test(stderr)) return 'The connection failed: nothing answers there, or it broke off.';
  if (tls.test(stderr))
    return 'Its TLS certificate cannot be verified, or the connection cannot be encrypted.';
  return `git could not fetch it (exit code ${code === null ? 'none: it was ended' : String(code)}).`;
}
