/** OWASP's parameters for argon2id: 19 MiB, 2 passes, 1 lane. The library's default algorithm is argon2id. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

let decoy: Promise<string> | undefined;

/** Its native code takes megabytes: where nobody signs in by password it is not loaded. */
const argon2 = () => import('@node-rs/argon2');

/** PHC text of a password, `$argon2id$…`. */
export async function hashPassword(password: string): Promise<string> {
  const { hash } = await argon2();
  return await hash(password, cost);
}

/**
 * True when the password is the one that was hashed. Without a hash (an unknown user, an agent) the same work is done
 * against a decoy, so that the time of an answer does not tell which names exist.
 */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword('nobody has this password');
  const { verify } = await argon2();
  const matches = await verify(stored ?? (await decoy), password);
  return stored !== null && matches;
}
