import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTHeaderParameters, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Config } from '../../contracts/config.ts';
import { DomainError } from '../../contracts/problems.ts';
import { ConfigError } from '../config/config-error.ts';

/** What a JWT said, after its signature, issuer, audience and times were checked. */
export interface JwtClaims {
  subject: string;
  roles: string[];
  permissions: string[];
}

const shared = ['HS256', 'HS384', 'HS512'];
const signed = ['RS256', 'RS384', 'RS512'];
const accessTypes = [undefined, 'jwt', 'at+jwt', 'application/at+jwt'];

const refused = () => new DomainError('unauthenticated', 'The token is not valid.');

/** `realm_access.roles`: a claim inside a claim. A text is a list with spaces, as in OAuth's `scope`. */
function listAt(payload: JWTPayload, claim: string): string[] {
  const direct: unknown = payload[claim];
  const value =
    direct ??
    claim
      .split('.')
      .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], payload);
  if (typeof value === 'string') return value.split(/[\s,]+/).filter((item) => item !== '');
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

interface Keys {
  secret: Uint8Array | null;
  publicKey: KeyObject | null;
  remote: JWTVerifyGetKey | null;
}

/**
 * The key for a header. What a token says of its key is a name to look up, never a key: `jwk`, `jku`, `x5u` are not
 * read. An HS token is only ever checked with the secret, an RS token only with a public key, so that the text of a
 * public key is no secret for anybody.
 */
async function keyFor(
  keys: Keys,
  header: JWTHeaderParameters,
  token: Parameters<JWTVerifyGetKey>[1],
) {
  if (shared.includes(header.alg) && keys.secret) return keys.secret;
  if (!signed.includes(header.alg)) throw refused();
  if (keys.remote && (header.kid !== undefined || !keys.publicKey))
    return keys.remote(header, token);
  if (keys.publicKey) return keys.publicKey;
  throw refused();
}

/**
 * @param pem in an environment variable it often has `\n` for its line ends
 * @throws ConfigError naming the setting, when it is no RSA public key of at least 2048 bits
 */
function importPem(pem: string): KeyObject {
  const expected = 'auth.jwt.publicKey (JWT_PUBLIC_KEY): expected the PEM of an RSA public key';
  let key: KeyObject;
  try {
    key = createPublicKey(pem.replaceAll('\\n', '\n'));
  } catch {
    throw new ConfigError(expected);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' || bits < 2048)
    throw new ConfigError(`${expected}, 2048 bits or more`);
  return key;
}

export interface JwtOptions {
  /** how long fetched keys are good for, ms; 10 minutes unless told */
  jwksMaxAgeMs?: number;
  /** an unknown kid fetches again, but not more often than this, ms; 30 s unless told */
  jwksCooldownMs?: number;
}

/**
 * Checks JWTs by the configuration; null when neither a secret nor a public key nor a JWKS address is set.
 * HS/RS 256, 384, 512 only; `sub` and `exp` are needed; clocks may differ by 60 s.
 */
export function createJwtVerifier(
  config: Config['auth']['jwt'],
  options: JwtOptions = {},
): ((token: string) => Promise<JwtClaims>) | null {
  const { issuer, audience, secret, publicKey, jwksUrl } = config;
  if (secret === null && publicKey === null && jwksUrl === null) return null;
  const keys: Keys = {
    secret: secret === null ? null : new TextEncoder().encode(secret),
    publicKey: publicKey === null ? null : importPem(publicKey),
    remote:
      jwksUrl === null
        ? null
        : createRemoteJWKSet(new URL(jwksUrl), {
            cacheMaxAge: options.jwksMaxAgeMs ?? 600_000,
            cooldownDuration: options.jwksCooldownMs ?? 30_000,
            timeoutDuration: 5000,
          }),
  };
  const algorithms = [
    ...(secret === null ? [] : shared),
    ...(publicKey === null && jwksUrl === null ? [] : signed),
  ];
  return async (token) => {
    const { payload } = await verify(token, keys, {
      algorithms,
      clockTolerance: 60,
      requiredClaims: ['sub', 'exp'],
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience }),
    });
    if (typeof payload.sub !== 'string' || payload.sub === '' || payload.sub.length > 200) {
      throw refused();
    }
    return {
      subject: payload.sub,
      roles: listAt(payload, config.rolesClaim),
      permissions: listAt(payload, config.permsClaim),
    };
  };
}

async function verify(token: string, keys: Keys, options: Parameters<typeof jwtVerify>[2]) {
  try {
    const found = await jwtVerify(token, (header, jwt) => keyFor(keys, header, jwt), options);
    // A refresh token is signed by the same keys and is no access token.
    const type = found.protectedHeader.typ?.toLowerCase();
    const use = found.payload['token_use'] ?? found.payload['typ'];
    if (!accessTypes.includes(type) || String(use).toLowerCase() === 'refresh') throw refused();
    return found;
  } catch (error) {
    if (error instanceof errors.JWKSTimeout || isNetworkFailure(error)) {
      throw new DomainError('unavailable', 'The keys of the issuer cannot be reached.', {
        retryAfterSeconds: 5,
        cause: error,
      });
    }
    throw error instanceof DomainError ? error : refused();
  }
}

function isNetworkFailure(error: unknown): boolean {
  // fetch rejects with a TypeError; jose says "Expected 200 OK" for a broken JWKS address
  const isFetch = error instanceof TypeError && error.message === 'fetch failed';
  return isFetch || (error instanceof errors.JOSEError && /Expected 200 OK/.test(error.message));
}
