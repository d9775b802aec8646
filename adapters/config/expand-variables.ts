const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Replaces `${VAR}` and `${VAR:-default}` in every text of a parsed file. A variable that is unset or empty takes the
 * default; without one it becomes empty, which counts as "not set" when the whole text is empty.
 */
export function expandVariables(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof value === 'string') {
    if (!value.includes('${')) return value;
    const expanded = value.replace(
      reference,
      (_whole, name: string, fallback: string | undefined) => {
        const found = env[name];
        return found === undefined || found === '' ? (fallback ?? '') : found;
      },
    );
    return expanded === '' ? undefined : expanded;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => expandVariables(item, env));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, expandVariables(item, env)]),
    );
  }
  return value;
}
