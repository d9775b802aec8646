import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config/config-error.ts';

/** The start must be refused: what was given as a key is none. The message never holds the key. */
export class MasterKeyError extends ConfigError {
  override readonly name: string = 'MasterKeyError';
}

export interface MasterKeyOptions {
  /** SLIPWAY_MASTER_KEY: 32 bytes as base64 or hex; null = the file in `home` */
  configured: string | null;
  /** SLIPWAY_HOME */
  home: string;
  /** true when the database holds sealed values: then a missing key is never replaced by a new one */
  hasSecrets: () => Promise<boolean>;
}

export type MasterKey =
  | { kind: 'key'; bytes: Buffer; origin: 'configured' | 'file' | 'made' }
  /** there are secrets and no key: they stay sealed until the key is back */
  | { kind: 'missing'; reason: string };

const keyBytes = 32;

/**
 * Finds the master key: the configured one, else `$SLIPWAY_HOME/master-key`, else, on the very first start, a new one
 * written there with mode 0600.
 *
 * @throws MasterKeyError when a key is given and is not 32 bytes
 */
export async function loadMasterKey(options: MasterKeyOptions): Promise<MasterKey> {
  if (options.configured !== null) {
    return {
      kind: 'key',
      bytes: parseMasterKey(options.configured, 'SLIPWAY_MASTER_KEY'),
      origin: 'configured',
    };
  }
  const path = join(options.home, 'master-key');
  const stored = await readKeyFile(path);
  if (stored !== null) return { kind: 'key', bytes: stored, origin: 'file' };
  if (await options.hasSecrets()) {
    return {
      kind: 'missing',
      reason:
        'There are secrets, but their master key is missing: set SLIPWAY_MASTER_KEY or put the master-key file back.',
    };
  }
  return await makeKeyFile(path);
}

/** Takes 64 hex digits or base64 (either alphabet) of 32 bytes. @throws MasterKeyError */
export function parseMasterKey(text: string, origin: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex');
  const bytes = /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)
    ? Buffer.from(trimmed, 'base64')
    : Buffer.alloc(0);
  if (bytes.length !== keyBytes) {
    throw new MasterKeyError(
      `${origin} must hold 32 bytes as base64 or as 64 hex digits; make one with: openssl rand -base64 32`,
    );
  }
  return bytes;
}

async function readKeyFile(path: string): Promise<Buffer | null> {
  try {
    return parseMasterKey(await readFile(path, 'utf8'), 'The master-key file');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/** `link` fails when the name is taken, so of several processes that start at once one makes the key for all. */
async function makeKeyFile(path: string): Promise<MasterKey> {
  await mkdir(join(path, '..'), { recursive: true });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const bytes = randomBytes(keyBytes);
  try {
    await writeFile(draft, `${bytes.toString('base64')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    await link(draft, path);
    return { kind: 'key', bytes, origin: 'made' };
  } catch (error) {
    const made = hasCode(error, 'EEXIST') ? await readKeyFile(path) : null;
    if (made === null) throw error;
    return { kind: 'key', bytes: made, origin: 'file' };
  } finally {
    await rm(draft, { force: true });
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
