import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { BackupError, refuseInterrupted } from './backup-error.ts';
import { openBackedUp } from './backup-folder.ts';
import type { BackedUpFile, BackedUpTable, Manifest } from './manifest.ts';
import { openClient, tableNames } from './dump-database.ts';

const rowsAtOnce = 200;

interface Reference {
  name: string;
  table: string;
  definition: string;
}

/** Takes the references between tables away, so that the order of rows does not matter. */
async function dropReferences(client: pg.Client): Promise<Reference[]> {
  const { rows } = await client.query<Reference>(
    `SELECT conname AS name, conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`,
  );
  for (const { name, table } of rows) {
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${pg.escapeIdentifier(name)}`);
  }
  return rows;
}

async function insertRows(client: pg.Client, table: BackedUpTable, rows: string[]): Promise<void> {
  const name = pg.escapeIdentifier(table.name);
  const columns = table.columns.map((column) => pg.escapeIdentifier(column)).join(', ');
  await client.query(
    `INSERT INTO ${name} (${columns}) OVERRIDING SYSTEM VALUE
       SELECT (r.row).* FROM (SELECT unnest($1::text[])::${name} AS row OFFSET 0) r`,
    [rows],
  );
}

async function loadTable(
  client: pg.Client,
  root: string,
  {
    table,
    file,
    signal,
  }: { table: BackedUpTable; file: BackedUpFile; signal: AbortSignal | undefined },
): Promise<void> {
  refuseInterrupted(signal);
  // An error of the file ends the reading of lines.
  const source = pipeline(await openBackedUp(root, file), createGunzip(), () => undefined);
  let batch: string[] = [];
  let rows = 0;
  for await (const line of createInterface({ input: source, crlfDelay: Infinity })) {
    batch.push(JSON.parse(line) as string);
    rows += 1;
    if (batch.length < rowsAtOnce) continue;
    refuseInterrupted(signal);
    await insertRows(client, table, batch);
    batch = [];
  }
  if (batch.length > 0) await insertRows(client, table, batch);
  if (rows !== table.rows) {
    throw new BackupError(`${table.path} has ${rows} rows, the backup says ${table.rows}`);
  }
}

async function functionIds(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT oid::text AS id FROM pg_proc WHERE pronamespace = current_schema()::regnamespace`,
  );
  return rows.map(({ id }) => id);
}

/**
 * Has a look at a database that a backup shall be restored into.
 * @returns empties it again, of all that was made since; what somebody else had in it stays
 * @throws BackupError when there is a table already
 */
export async function requireEmptyDatabase(url: string): Promise<() => Promise<void>> {
  const client = await openClient(url);
  try {
    if ((await tableNames(client)).length > 0) {
      throw new BackupError(
        'The database is not empty: restore into an empty one, also after a restore that was killed',
      );
    }
    const before = await functionIds(client);
    return () => emptyDatabase(url, before);
  } finally {
    await client.end();
  }
}

async function emptyDatabase(url: string, functionsBefore: readonly string[]): Promise<void> {
  const client = await openClient(url);
  try {
    await client.query('BEGIN');
    for (const name of await tableNames(client)) {
      await client.query(`DROP TABLE IF EXISTS ${pg.escapeIdentifier(name)} CASCADE`);
    }
    const { rows } = await client.query<{ signature: string }>(
      `SELECT oid::regprocedure::text AS signature FROM pg_proc
         WHERE pronamespace = current_schema()::regnamespace AND NOT oid::text = ANY ($1)`,
      [functionsBefore],
    );
    for (const { signature } of rows) {
      await client.query(`DROP ROUTINE IF EXISTS ${signature} CASCADE`);
    }
    await client.query('COMMIT');
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Fills a database whose schema was just made by the migrations that the backup names: all of it or nothing. What holds
 * between tables is checked by Postgres itself in the end.
 */
export async function loadDatabase(
  url: string,
  root: string,
  { manifest, files }: { manifest: Manifest; files: readonly BackedUpFile[] },
  signal?: AbortSignal,
): Promise<void> {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const client = await openClient(url);
  try {
    await client.query('BEGIN');
    const names = await tableNames(client);
    const told = manifest.tables.map(({ name }) => name);
    if (JSON.stringify(names) !== JSON.stringify(told)) {
      throw new BackupError('The tables of the backup are not those that its migrations make');
    }
    const all = names.map((name) => pg.escapeIdentifier(name));
    for (const name of all) await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
    const references = await dropReferences(client);
    await client.query(`TRUNCATE ${all.join(', ')}`);
    for (const table of manifest.tables) {
      const file = byPath.get(table.path);
      if (file === undefined) throw new BackupError(`the rows of ${table.name} are missing`);
      await loadTable(client, root, { table, file, signal });
    }
    for (const [name, last] of Object.entries(manifest.sequences)) {
      if (last === null) continue;
      await client.query('SELECT setval($1::regclass, $2)', [pg.escapeIdentifier(name), last]);
    }
    for (const { table, name, definition } of references) {
      const constraint = pg.escapeIdentifier(name);
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${constraint} ${definition}`);
    }
    for (const name of all) await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
    await client.query('COMMIT');
    await client.query('ANALYZE');
  } finally {
    await client.end().catch(() => undefined);
  }
}
