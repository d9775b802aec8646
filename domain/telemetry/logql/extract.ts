import type { Extraction } from './ast.ts';

/** Labels found in a line; null: the line is not of that format. */
export type Extracted = Map<string, string> | null;

/** A key as a label can be named: everything else becomes `_`. */
const labelName = (key: string): string => {
  const name = key.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
};

const textOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : value === null || value === undefined
      ? ''
      : JSON.stringify(value);

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** How deep objects are followed. */
const maxDepth = 32;

function flatten(
  value: Record<string, unknown>,
  prefix: string,
  into: Map<string, string>,
  depth: number,
): void {
  for (const [key, inner] of Object.entries(value)) {
    const name = prefix === '' ? labelName(key) : `${prefix}_${labelName(key)}`;
    if (isObject(inner)) {
      if (depth < maxDepth) flatten(inner, name, into, depth + 1);
    } else if (!Array.isArray(inner)) into.set(name, textOf(inner));
  }
}

function valueAt(value: unknown, path: Extraction['path']): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return typeof key === 'number' ? (inner[key] as unknown) : undefined;
    return isObject(inner) && Object.hasOwn(inner, key) ? inner[key] : undefined;
  }, value);
}

/** Fields of a JSON object, nested ones joined by `_`, without arrays; or those that are asked for. */
export function extractJson(line: string, only: readonly Extraction[] | null): Extracted {
  const value = parseJson(line);
  if (!isObject(value) && !(only !== null && Array.isArray(value))) return null;
  const found = new Map<string, string>();
  if (only === null) flatten(value as Record<string, unknown>, '', found, 0);
  else for (const { name, path } of only) found.set(name, textOf(valueAt(value, path)));
  return found;
}

const pair = /([^\s="]+)(?:=(?:"((?:\\.|[^"\\])*)"|([^\s"]*)))?/y;

/** Keys and values of a logfmt line, a key without a value left out; or those that are asked for. */
export function extractLogfmt(line: string, only: readonly Extraction[] | null): Extracted {
  const all = new Map<string, string>();
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at += 1;
      continue;
    }
    pair.lastIndex = at;
    const found = pair.exec(line);
    if (found === null) return null;
    const [whole, key, quoted, bare] = found;
    const value =
      quoted === undefined
        ? (bare ?? '')
        : quoted.replaceAll(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
    if (value !== '' && !all.has(key!)) all.set(key!, value);
    at += whole.length;
  }
  if (only === null) return new Map([...all].map(([key, value]) => [labelName(key), value]));
  return new Map(only.map(({ name, path }) => [name, all.get(String(path[0])) ?? '']));
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
