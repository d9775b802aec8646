/** Who acts. Every way of signing in (cookie, API token, JWT, git basic auth) ends in one of these. */
export interface Principal {
  userId: string;
  userName: string;
  kind: 'human' | 'agent' | 'system' | 'anonymous';
  /** user ids on whose behalf an agent acts, nearest first; empty for a person */
  actChain: readonly string[];
  /** how it signed in */
  via: 'session' | 'token' | 'jwt' | 'link' | 'system' | 'anonymous';
  /** id of the session or token, for revoking what is open */
  credentialId: string | null;
  /** limits of an API token: permissions outside `scopes` or projects other than `projectId` are refused */
  scopes: readonly string[] | null;
  projectId: string | null;
  /** permissions that a JWT itself carried (PermsClaim), and roles by name (RolesClaim) */
  claimedPermissions: readonly string[];
  claimedRoles: readonly string[];
  /** changes whenever anybody's permissions change; key of the permission cache */
  accessEpoch: bigint;
}

/** What is known of the request besides the principal; goes into audit rows and events. */
export interface RequestContext {
  requestId: string;
  ipAddr: string | null;
  traceparent: string | null;
}

/** Principal plus request: the first argument of every use-case that checks access. */
export interface Caller {
  principal: Principal;
  request: RequestContext;
}

/** What a principal that came without a session, token or JWT carries: nobody behind it, no limit and no claim of its own. */
export const noCredential = Object.freeze({
  actChain: [],
  credentialId: null,
  scopes: null,
  projectId: null,
  claimedPermissions: [],
  claimedRoles: [],
  accessEpoch: 0n,
} satisfies Partial<Principal>);

/** Whoever did not sign in. Holds no permission and sees public projects only; test with `isSignedIn`. */
export const anonymousPrincipal: Principal = Object.freeze({
  userId: 'anonymous',
  userName: 'anonymous',
  kind: 'anonymous',
  via: 'anonymous',
  ...noCredential,
} satisfies Principal);

export function isSignedIn(principal: Principal): boolean {
  return principal.kind !== 'anonymous';
}

/** The platform itself, where an act has no requester. */
export const platformCaller: Caller = {
  principal: {
    userId: 'system',
    userName: 'slipway',
    kind: 'system',
    via: 'system',
    ...noCredential,
  },
  request: { requestId: 'system', ipAddr: null, traceparent: null },
};
