import type { Cancellation } from './store.ts';

/** Where the mirror of an ops repository lies in the store of repositories; no project can have such a path. */
export function mirrorPath(opsRepoId: string): string {
  return `.ops/${opsRepoId}.git`;
}

export interface MirrorSource {
  /** http(s), without a name or password in it */
  url: string;
  branch: string;
  /** `user:token`; null where everybody may read */
  credential: string | null;
}

/**
 * Bare copies of one branch each of repositories that lie elsewhere, by the id of their ops repository. They are read by
 * the store of repositories at `mirrorPath`, and served to nobody.
 */
export interface MirrorStore {
  /**
   * Brings the mirror to the head of the branch and answers its commit. What was fetched before stays readable. Not two
   * at once for the same mirror.
   * @throws MirrorError when that is not possible now; the mirror is then as it was
   */
  fetch(id: string, source: MirrorSource, signal: Cancellation): Promise<string>;
  /** absent is fine */
  remove(id: string): Promise<void>;
  /** ids of all mirrors */
  list(): Promise<string[]>;
}

/** Why a foreign repository cannot be read. The message is fit for whoever set it up, and holds no secret. */
export class MirrorError extends Error {
  override readonly name = 'MirrorError';
}
