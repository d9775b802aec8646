import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretAddress, SecretBox } from '../../contracts/secret/types.ts';
import type { MasterKey } from './master-key.ts';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * A box over the master key. AES-256-GCM with a random nonce; the additional data are project, name and version.
 * Form of a sealed value: nonce (12 bytes), ciphertext, tag (16 bytes).
 */
export function createSecretBox(masterKey: MasterKey): SecretBox {
  return masterKey.kind === 'key' ? new OpenBox(masterKey.bytes) : sealedBox(masterKey.reason);
}

/** A box without a key: whatever is asked of it is refused. */
export function sealedBox(reason: string): SecretBox {
  const refuse = (): never => {
    throw new DomainError('sealed', reason, { retryAfterSeconds: 60 });
  };
  return { keyId: null, seal: refuse, open: refuse, deriveKey: refuse };
}

/** Tells keys apart without telling anything of them: 16 hex digits. */
function keyIdOf(master: Buffer): string {
  return createHash('sha256').update(derive(master, 'key-id')).digest('hex').slice(0, 16);
}

function derive(master: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `slipway/${purpose}/v1`, 32));
}

/** No part can run into the next: names and ids hold no line feed. */
function additionalData({ projectId, name, version }: SecretAddress): Buffer {
  return Buffer.from(['slipway.secret', projectId ?? 'global', name, String(version)].join('\n'));
}

class OpenBox implements SecretBox {
  readonly keyId: string;
  private readonly master: Buffer;
  private readonly key: Buffer;

  constructor(master: Buffer) {
    this.master = master;
    this.keyId = keyIdOf(master);
    this.key = derive(master, 'secrets');
  }

  seal(value: string, address: SecretAddress): { sealed: Uint8Array<ArrayBuffer>; keyId: string } {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(additionalData(address));
    const sealed = Buffer.concat([
      nonce,
      cipher.update(value, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return { sealed: new Uint8Array(sealed), keyId: this.keyId };
  }

  open(sealed: Uint8Array, keyId: string, address: SecretAddress): string {
    if (keyId !== this.keyId) {
      throw new DomainError('sealed', 'This secret was sealed with another master key.', {
        retryAfterSeconds: 60,
      });
    }
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(additionalData(address));
      decipher.setAuthTag(sealed.subarray(-tagBytes));
      const plain = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
      return Buffer.concat([plain, decipher.final()]).toString('utf8');
    } catch {
      throw new DomainError('sealed', `The stored value of ${address.name} was damaged or moved.`);
    }
  }

  deriveKey(purpose: string): Uint8Array {
    return derive(this.master, purpose);
  }
}
