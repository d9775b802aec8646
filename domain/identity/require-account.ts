import { permissions } from '../../contracts/identity/permissions.ts';
import type { Caller, Principal } from '../../contracts/identity/principal.ts';
import { isSignedIn } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { expandPatterns } from './permission-set.ts';

/** True for a credential that stands for the whole person: no scope, no project narrows it. */
export function isUnlimited({ scopes, projectId }: Principal): boolean {
  return (
    projectId === null && (scopes === null || expandPatterns(scopes).size === permissions.length)
  );
}

/** Why this credential does not speak for the person behind it; null when it does. */
function whyNotWhole(principal: Principal): string | null {
  if (principal.kind === 'system') return null;
  if (principal.kind === 'agent' || principal.actChain.length > 0)
    return 'An agent, or somebody who acts for another, does not manage an account.';
  if (principal.via === 'jwt')
    return 'A JWT does not manage an account: sign in with the password, or use an API token with the scope *:*.';
  if (isUnlimited(principal)) return null;
  const limit =
    principal.projectId === null
      ? `this token has the scopes ${(principal.scopes ?? []).slice(0, 10).join(', ')} only`
      : 'this token is for one project only';
  return `This belongs to the account itself: sign in, or use an API token with the scope *:* and no project; ${limit}.`;
}

/** True when the caller may manage the account that it belongs to. */
export function managesAccount(principal: Principal): boolean {
  return isSignedIn(principal) && whyNotWhole(principal) === null;
}

/**
 * Throws unless the caller is the person itself: by a session, or by an API token that nothing narrows. Whoever finds
 * a token made for one purpose must not reach by it what all others hang on.
 * @throws DomainError `unauthenticated`, or `forbidden` with what is needed
 */
export function requireAccount({ principal }: Caller): void {
  if (!isSignedIn(principal)) throw new DomainError('unauthenticated', 'Sign in first.');
  const why = whyNotWhole(principal);
  if (why !== null) throw new DomainError('forbidden', why);
}
