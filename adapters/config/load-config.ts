import { existsSync, readFileSync } from 'node:fs';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import type { z } from 'zod';
import {
  type Config,
  configSchema,
  connectionConfigKeys,
  secretConfigKeys,
} from '../../contracts/config.ts';
import { ConfigError } from './config-error.ts';
import { configKeys, envNamesOf } from './config-keys.ts';
import { describeUnknownNames } from './env-names.ts';
import { expandVariables } from './expand-variables.ts';
import { didYouMean } from './nearest-name.ts';

export interface ConfigSources {
  env: Readonly<Record<string, string | undefined>>;
  /** command line arguments after the command: `--server.port 9000`, `--port=9000`, `--config file` */
  args?: readonly string[];
  /** file to read instead of the default `slipway.toml`, which may be missing */
  file?: string;
}

const shortArgs: Readonly<Record<string, string>> = {
  host: 'server.host',
  port: 'server.port',
  'log-level': 'log.level',
};
const sectionAliases: Readonly<Record<string, string>> = { logging: 'log', s3: 'objectStore' };
const defaultFile = 'slipway.toml';

type Values = Map<string, unknown>;

/**
 * The effective configuration: arguments over environment over file over defaults.
 * @throws ConfigError naming the first key that cannot be used, or the variables that look like settings and are none.
 */
export function loadConfig(sources: ConfigSources): Config {
  const { values, named } = readValues(sources);
  const parsed = configSchema.safeParse(nest(values));
  if (!parsed.success) throw describeIssue(parsed.error, values);
  const known = new Set([...named, ...parsed.data.executor.passEnv]);
  const unknown = describeUnknownNames(sources.env, known);
  if (unknown.length > 0) throw new ConfigError(unknown.join('\n'));
  return parsed.data;
}

/**
 * Keys that somebody set, whatever to: by argument, environment or file.
 * @throws ConfigError where the sources cannot be read
 */
export function configuredKeys(sources: ConfigSources): ReadonlySet<string> {
  return new Set(readValues(sources).values.keys());
}

/** Address of the database: `database.url`, or one made of host, port, name, user and password. */
export function databaseUrl(config: Config): string {
  const { url, host, port, name, user, password, sslmode } = config.database;
  if (url !== null) return url;
  const login =
    encodeURIComponent(user) + (password === null ? '' : `:${encodeURIComponent(password)}`);
  const mode = sslmode === 'disable' ? '' : `?sslmode=${sslmode}`;
  return `postgresql://${login}@${host}:${port}/${encodeURIComponent(name)}${mode}`;
}

/** @returns values by key, and names of variables that the file asks for */
function readValues(sources: ConfigSources): { values: Values; named: ReadonlySet<string> } {
  const args = readArgs(sources.args ?? []);
  const file = args.get('config') ?? sources.file ?? sources.env['SLIPWAY_CONFIG'];
  args.delete('config');
  const named = new Set<string>();
  const lookUp = (name: string) => {
    named.add(name);
    return sources.env[name];
  };
  const values: Values = new Map([
    ...readFile(typeof file === 'string' ? file : null, lookUp),
    ...readEnv(sources.env),
    ...args,
  ]);
  return { values, named };
}

function readArgs(args: readonly string[]): Values {
  const values: Values = new Map();
  for (let at = 0; at < args.length; at += 1) {
    const found = /^--([A-Za-z][A-Za-z0-9.-]*)(?:=(.*))?$/s.exec(args[at] ?? '');
    if (!found?.[1]) throw new ConfigError(`'${args[at]}' is not an option; expected --key value`);
    const key = shortArgs[found[1]] ?? found[1];
    if (key !== 'config' && !configKeys.includes(key)) {
      const options = [...Object.keys(shortArgs), ...configKeys, 'config'].map((one) => `--${one}`);
      const suggestion = didYouMean(`--${found[1]}`, options);
      throw new ConfigError(`--${found[1]} is not a setting of Slipway${suggestion}`);
    }
    const value = found[2] ?? args[(at += 1)];
    if (value === undefined) throw new ConfigError(`--${found[1]}: a value is missing`);
    values.set(key, value);
  }
  return values;
}

function readEnv(env: ConfigSources['env']): Values {
  const values: Values = new Map();
  for (const key of configKeys) {
    const name = envNamesOf(key).find((candidate) => (env[candidate] ?? '') !== '');
    if (name !== undefined) values.set(key, env[name]);
  }
  return values;
}

function readFile(path: string | null, lookUp: (name: string) => string | undefined): Values {
  const file = path ?? defaultFile;
  if (!existsSync(file)) {
    if (path === null) return new Map();
    throw new ConfigError(`${file}: the configuration file does not exist`);
  }
  const tree = expandVariables(parseFile(file), lookUp, `${file}: `);
  if (tree === null || tree === undefined) return new Map();
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw new ConfigError(`${file}: expected sections with keys`);
  }
  const values: Values = new Map();
  flatten(tree as Record<string, unknown>, '', file, values);
  return values;
}

function parseFile(file: string): unknown {
  const content = readFileSync(file, 'utf8');
  try {
    return file.endsWith('.toml') ? parseToml(content) : (parseYaml(content) as unknown);
  } catch (error) {
    // The parsers' messages quote the line, which may hold a secret: only the place is told.
    const { line } = error as { line?: number };
    const place = line === undefined ? '' : ` (line ${line})`;
    throw new ConfigError(`${file}: not valid ${file.endsWith('.toml') ? 'TOML' : 'YAML'}${place}`);
  }
}

function flatten(tree: Record<string, unknown>, prefix: string, file: string, into: Values): void {
  for (const [rawName, value] of Object.entries(tree)) {
    if (value === undefined || value === null) continue;
    const name = camel(rawName);
    const path = prefix === '' ? (sectionAliases[name] ?? name) : `${prefix}.${name}`;
    if (configKeys.includes(path)) into.set(path, value);
    else if (configKeys.some((key) => key.startsWith(`${path}.`)) && isTree(value)) {
      flatten(value, path, file, into);
    } else {
      const suggestion = didYouMean(path, configKeys);
      throw new ConfigError(`${file}: ${path} is not a setting of Slipway${suggestion}`);
    }
  }
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function camel(name: string): string {
  return name.replace(/[-_]([a-z0-9])/g, (_whole, letter: string) => letter.toUpperCase());
}

function nest(values: Values): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, value] of values) {
    const parts = key.split('.');
    const last = parts.pop() ?? key;
    let at = root;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return root;
}

function describeIssue(error: z.ZodError, values: Values): ConfigError {
  const issue = error.issues[0];
  const key = (issue?.path ?? []).filter((part) => typeof part === 'string').join('.');
  const secret = secretConfigKeys.has(key) || connectionConfigKeys.has(key);
  const found = secret ? 'a value that is not shown' : JSON.stringify(values.get(key));
  const expected = issue?.message ?? 'another value';
  return new ConfigError(`${key} (${envNamesOf(key)[0]}): found ${found}, expected ${expected}`);
}
