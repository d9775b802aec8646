/**
 * Where to go after signing in: a path of this origin, or `/`. `//host`, `/\host`, schemes, control characters
 * and the sign-in page itself are refused, so that a link cannot send people elsewhere.
 */
export function safeReturnPath(wanted: string | undefined, origin: string): string {
  if (!wanted?.startsWith('/') || wanted.startsWith('//') || wanted.includes('\\')) return '/';
  if ([...wanted].some((char) => char.charCodeAt(0) < 0x20)) return '/';
  if (!URL.canParse(wanted, origin)) return '/';
  const url = new URL(wanted, origin);
  if (url.origin !== origin || url.pathname === '/sign-in') return '/';
  return url.pathname + url.search + url.hash;
}
