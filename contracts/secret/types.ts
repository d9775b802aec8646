/** Who may be given a secret. */
export const secretScopes = ['pipeline', 'agent', 'deploy', 'all'] as const;
export type SecretScope = (typeof secretScopes)[number];
/** Webhooks have no scope of their own: a secret that signs them has scope `all`. */
export type SecretConsumer = Exclude<SecretScope, 'all'> | 'webhook';

/** Where a sealed value belongs. It is bound to that place: moved elsewhere it does not open. */
export interface SecretAddress {
  /** null = global */
  projectId: string | null;
  name: string;
  version: number;
}

/**
 * Seals and opens values with the platform's master key. Every call throws DomainError `sealed` while there is no
 * usable key; `open` also when the value was sealed with another key, or was tampered with.
 */
export interface SecretBox {
  /** which key seals now; null while sealed */
  readonly keyId: string | null;
  seal(value: string, address: SecretAddress): { sealed: Uint8Array<ArrayBuffer>; keyId: string };
  open(sealed: Uint8Array, keyId: string, address: SecretAddress): string;
  /** a key of 32 bytes for another purpose, independent of the one for secrets */
  deriveKey(purpose: string): Uint8Array;
}

/** What may be known of a secret. Its value is never given out. */
export interface SecretMetadata {
  id: string;
  projectId: string | null;
  name: string;
  scope: SecretScope;
  /** of a deployment: only this one gets it; null = any */
  environment: string | null;
  /** only for runs of protected branches that were reached by their rules */
  isProtected: boolean;
  version: number;
  createdBy: string | null;
  createdAt: string;
  updatedBy: string | null;
  updatedAt: string;
}

/** Who is given a value for as long as it exists: a preview by its merge request, a lasting deployment by its id. */
export interface LeaseOwner {
  kind: 'preview' | 'deployment';
  id: string;
}
