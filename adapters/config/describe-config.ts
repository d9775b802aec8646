import { type Config, connectionConfigKeys, secretConfigKeys } from '../../contracts/config.ts';
import { configKeys } from './config-keys.ts';

const mask = '********';

/** The effective configuration, one dotted key each, with secrets masked: safe to print. */
export function describeConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(configKeys.map((key) => [key, show(key, valueAt(config, key))]));
}

function valueAt(config: Config, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], config);
}

function show(key: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (secretConfigKeys.has(key)) return mask;
  if (connectionConfigKeys.has(key)) return typeof value === 'string' ? hidePassword(value) : mask;
  return value;
}

function hidePassword(address: string): string {
  if (!URL.canParse(address)) return mask;
  const url = new URL(address);
  if (url.password !== '') url.password = mask;
  // libpq and others also take the password as a parameter
  for (const name of [...url.searchParams.keys()]) {
    if (/pass|secret|token|key/i.test(name)) url.searchParams.set(name, mask);
  }
  return url.toString();
}
