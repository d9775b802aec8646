/** A setting that cannot be used. The message names the key, what was found (never for a secret) and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
