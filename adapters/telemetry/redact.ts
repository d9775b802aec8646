import { redacted as replacement, redactText } from '../../contracts/redact-text.ts';

/** Keys whose value never reaches a log line, whatever its shape and however deep it lies. */
export const redactedKeys: ReadonlySet<string> = new Set(
  [
    'password',
    'secret',
    'token',
    'api_key',
    'authorization',
    'credential',
    'credentials',
    'credit_card',
    'ssn',
    'private_key',
    'access_token',
    'refresh_token',
    'bearer',
    'cookie',
    'set_cookie',
    'master_key',
    'client_secret',
  ].map(plainKey),
);

const deepest = 10;
const longestList = 200;

/** `apiKey`, `API-Key` and `api_key` are one. */
function plainKey(key: string): string {
  return key.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** A copy of a value that may be written to a log: secrets taken out, errors and odd types made plain, cycles cut. */
export function redact(value: unknown): unknown {
  return redactValue(value, deepest, new Set());
}

function redactValue(value: unknown, depth: number, above: Set<object>): unknown {
  switch (typeof value) {
    case 'string':
      return redactText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return value === null ? null : redactObject(value, depth, above);
    default:
      return value;
  }
}

function redactObject(value: object, depth: number, above: Set<object>): unknown {
  if (depth === 0) return '[deep]';
  if (above.has(value)) return '[circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  above.add(value);
  try {
    if (value instanceof Error) return redactError(value, depth, above);
    if (value instanceof Map) return redactEntries([...value.entries()], depth, above);
    if (Array.isArray(value) || value instanceof Set) {
      return [...value]
        .slice(0, longestList)
        .map((item: unknown) => redactValue(item, depth - 1, above));
    }
    return redactEntries(Object.entries(value), depth, above);
  } finally {
    above.delete(value);
  }
}

function redactEntries(
  entries: [unknown, unknown][],
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const name = String(key);
      return [
        name,
        redactedKeys.has(plainKey(name)) ? replacement : redactValue(value, depth - 1, above),
      ];
    }),
  );
}

function redactError(error: Error, depth: number, above: Set<object>): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message: redactText(message),
    stack: stack === undefined ? undefined : redactText(stack),
    ...redactEntries(
      Object.entries(error).filter(([key]) => key !== 'cause'),
      depth,
      above,
    ),
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth - 1, above) }),
  };
}
