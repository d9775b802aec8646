import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import type { BackupWriter } from './backup-folder.ts';
import type { BackedUpTable, Manifest } from './manifest.ts';
import { tablePath } from './backup-paths.ts';

const rowsAtOnce = 200;

/** A client that waits as long as it takes: tables may be large. */
export async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'slipway-backup' });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(
    `SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET datestyle = 'ISO';
     SET intervalstyle = 'postgres'; SET bytea_output = 'hex'; SET extra_float_digits = 1`,
  );
  return client;
}

/** Names of the product's tables, in the order of their names. */
export async function tableNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class
      WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute
      WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [pg.escapeIdentifier(table)],
  );
  return rows.map(({ name }) => name);
}

/** All rows as Postgres writes them, a JSON text a line. */
async function* readRows(client: pg.Client, table: string, seen: { rows: number }) {
  const name = pg.escapeIdentifier(table);
  await client.query(`DECLARE of_backup NO SCROLL CURSOR FOR SELECT t::text AS row FROM ${name} t`);
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`FETCH ${rowsAtOnce} FROM of_backup`);
    if (rows.length === 0) break;
    seen.rows += rows.length;
    yield rows.map(({ row }) => `${JSON.stringify(row)}\n`).join('');
  }
  await client.query('CLOSE of_backup');
}

/**
 * Writes every table as it was at one moment, while others go on writing: all of it is read in one transaction over one
 * snapshot.
 */
export async function dumpDatabase(
  url: string,
  writer: BackupWriter,
): Promise<Pick<Manifest, 'migrations' | 'tables' | 'sequences'>> {
  const client = await openClient(url);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows: migrations } = await client.query<{ name: string }>(
      `SELECT migration_name AS name FROM _prisma_migrations
        WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name`,
    );
    const tables: BackedUpTable[] = [];
    for (const name of await tableNames(client)) {
      const columns = await columnsOf(client, name);
      const seen = { rows: 0 };
      const path = tablePath(name);
      await writer.write(path, Readable.from(readRows(client, name, seen)).pipe(createGzip()));
      tables.push({ name, columns, rows: seen.rows, path });
    }
    // Sequences know no snapshot: they are as far as the rows or farther, and a number left out does no harm.
    const { rows: sequences } = await client.query<{ name: string; last: string | null }>(
      `SELECT sequencename AS name, last_value::text AS last FROM pg_sequences
        WHERE schemaname = current_schema()`,
    );
    await client.query('COMMIT');
    return {
      migrations: migrations.map(({ name }) => name),
      tables,
      sequences: Object.fromEntries(sequences.map(({ name, last }) => [name, last])),
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}
