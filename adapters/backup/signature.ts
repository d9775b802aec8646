import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Config } from '../../contracts/config.ts';
import { loadMasterKey } from '../secret-box/master-key.ts';
import { createSecretBox } from '../secret-box/secret-box.ts';

/**
 * What the signature of a backup says here: `ours` made with the master key that is in place, and not changed since;
 * `foreign` made with another one, or changed; `none` it has no signature; `unknown` there is no master key to ask.
 */
export type Signature = 'ours' | 'foreign' | 'none' | 'unknown';

/** Signs with a key derived from the master key; 64 hex digits. */
export type Signer = (text: string) => string;

/**
 * Signs with the master key that is in place: the configured one or that of the home. None is made.
 * @returns null where there is none
 * @throws MasterKeyError for what is no key
 */
export async function signerOf(config: Pick<Config, 'home' | 'secrets'>): Promise<Signer | null> {
  const { home, secrets } = config;
  const key = await loadMasterKey({
    ...{ configured: secrets.masterKey, home },
    hasSecrets: () => Promise.resolve(true),
  });
  if (key.kind !== 'key') return null;
  const derived = createSecretBox(key).deriveKey('backup');
  return (text) => createHmac('sha256', derived).update(text).digest('hex');
}

/**
 * @param said what lies beside the text as its signature; null: nothing
 * @param text all of `backup.json`, and so the sum of every other file
 */
export function judgeSignature(
  said: string | null,
  text: string,
  signer: Signer | null,
): Signature {
  if (said === null) return 'none';
  if (signer === null) return 'unknown';
  const [given, wanted] = [Buffer.from(said.trim()), Buffer.from(signer(text))];
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? 'ours' : 'foreign';
}

/** For people; behind "the backup". */
export const signatureWords: Record<Signature, string> = {
  ours: 'is signed with the master key that is in place here',
  foreign:
    'was made by another installation or changed since: its signature is not of the master key here',
  none: 'has no signature: it was made before there were any, or by somebody else',
  unknown:
    'cannot be told from a forged one: there is no master key here to check its signature with',
};
