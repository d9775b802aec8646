import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/**
 * Values that must never turn up anywhere. Letters that every escaping changes are in it, so that each form differs.
 * The first characters tell which canary was found.
 */
export function makeCanary(label: string): string {
  return `${label}-"${randomBytes(9).toString('hex')}/+&é='\\${randomBytes(6).toString('hex')}`;
}

/** How a leaked value may look: as it is, base64 (each alignment), hex, percent-encoded, JSON-escaped once and twice. */
export function canaryForms(value: string): string[] {
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  // the middle of base64 at each alignment: the ends depend on the neighbours
  const aligned = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return encoded.slice(4, Math.floor(((before + bytes.length) * 4) / 3) - 2);
  });
  const forms = [
    value,
    ...aligned,
    ...aligned.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(value),
    encodeURIComponent(value).replace(/%../g, (hex) => hex.toLowerCase()),
    json,
    JSON.stringify(json).slice(1, -1),
  ];
  return [...new Set(forms)];
}

export interface Leak {
  where: string;
  form: string;
}

/** Looks for each form of each canary in a text or in bytes. */
export function findLeaks(
  where: string,
  content: string | Buffer,
  canaries: readonly string[],
): Leak[] {
  const text = typeof content === 'string' ? content : content.toString('latin1');
  return canaries.flatMap((canary) =>
    canaryForms(canary)
      .flatMap((form) => [form, Buffer.from(form).toString('latin1')])
      .filter((form) => text.includes(form))
      .map((form) => ({ where, form })),
  );
}

/** Every column of every table of a database, as text and, for bytes, as they are. */
export async function sweepDatabase(url: string, canaries: readonly string[]): Promise<Leak[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) AS name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    );
    const leaks: Leak[] = [];
    for (const { name } of tables) {
      const { rows } = await client.query<Record<string, unknown>>(`SELECT * FROM ${name}`);
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          const content = Buffer.isBuffer(value)
            ? value
            : typeof value === 'string'
              ? value
              : JSON.stringify(value);
          leaks.push(...findLeaks(`${name}.${column}`, content ?? '', canaries));
        }
      }
    }
    return leaks;
  } finally {
    await client.end();
  }
}

/**
 * Every file below a folder, its name included. What `skip` names is not entered; what its owner removes meanwhile (the
 * product still runs, and clears its workspaces away) is no longer there to leak.
 */
export async function sweepFolder(
  folder: string,
  canaries: readonly string[],
  skip = /\/node_modules$/,
): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const entry of (await unlessGone(readdir(folder, { withFileTypes: true }))) ?? []) {
    const path = join(folder, entry.name);
    if (skip.test(path)) continue;
    leaks.push(...findLeaks(path, entry.name, canaries));
    if (entry.isDirectory()) leaks.push(...(await sweepFolder(path, canaries, skip)));
    if (entry.isFile()) {
      leaks.push(...findLeaks(path, (await unlessGone(readFile(path))) ?? '', canaries));
    }
  }
  return leaks;
}

/** @returns null when the file or folder has been removed */
async function unlessGone<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Payloads and failures of a Temporal history (from `handle.fetchHistory()`), decoded from base64 where they are bytes. */
export function sweepHistory(where: string, history: unknown, canaries: readonly string[]): Leak[] {
  const text = JSON.stringify(history, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
  return findLeaks(where, text, canaries);
}
