/** A setting that cannot be used. The message names the key, what was found (never for a secret) and what was expected. */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
}

/** sysexits.h: a restart cannot help; whoever supervises us stops trying. */
export const exitConfig = 78;

/** What a process ends with for an error that nobody caught. By name too: a bundle may throw it that has its own class. */
export function exitCodeOf(error: unknown): number {
  const isOfSettings =
    error instanceof ConfigError || (error instanceof Error && error.name === 'ConfigError');
  return isOfSettings ? exitConfig : 1;
}
