import { ConfigError } from './config-error.ts';

const reference = /\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?/g;

/**
 * Replaces `${VAR}` and `${VAR:-default}` in every text of a parsed file. A variable that is unset or empty takes the
 * default, which may be empty; a text that becomes empty is left out, which counts as "not set".
 * @param lookUp value of a variable
 * @param where place of `value` in the file, for the problem: `slipway.toml: database.url`
 * @throws ConfigError naming a variable that is not set and has no default, or a `${` that is no reference
 */
export function expandVariables(
  value: unknown,
  lookUp: (name: string) => string | undefined,
  where: string,
): unknown {
  if (typeof value === 'string') {
    if (!value.includes('${')) return value;
    const expanded = value.replace(reference, (_whole, name?: string, fallback?: string) =>
      expand(name, fallback, lookUp, where),
    );
    return expanded === '' ? undefined : expanded;
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, at) => expandVariables(item, lookUp, `${where}[${at}]`));
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        return [key, expandVariables(item, lookUp, join(where, key))];
      }),
    );
  }
  return value;
}

function join(where: string, key: string): string {
  return `${where}${where.endsWith(': ') ? '' : '.'}${key}`;
}

function expand(
  name: string | undefined,
  fallback: string | undefined,
  lookUp: (name: string) => string | undefined,
  where: string,
): string {
  if (name === undefined) {
    // what follows may be a secret and is not told
    throw new ConfigError(
      `${where}: found a \${ that is no reference, expected \${NAME} or \${NAME:-default}`,
    );
  }
  const found = lookUp(name) ?? '';
  if (found !== '') return found;
  if (fallback !== undefined) return fallback;
  throw new ConfigError(
    `${where}: \${${name}} is not set in the environment; set ${name}, or write \${${name}:-default} (\${${name}:-} for none)`,
  );
}
