import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** The advisory lock that Prisma's own engine takes too, so that neither runs beside the other. */
const lockKey = 72_707_369;

export interface MigrateOptions {
  /** folder that holds `NNN_name/migration.sql` */
  migrationsDir: string;
  /** how long to wait for another runner, in ms; 120 s unless told */
  lockTimeoutMs?: number;
  /** names of those to apply, the others are left for a later call; all unless told */
  only?: ReadonlySet<string>;
}

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/** The table as Prisma's engine makes it, so that its tools can read what was applied. */
const createHistory = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

async function readHistory(client: pg.Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ migration_name: string; checksum: string }>(
    'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

/** One migration and its record in one transaction: a runner that is killed leaves all of it or nothing. */
async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new Error(`migration ${migration.name} failed and was undone`, { cause: error });
  }
}

/**
 * Brings the database at `url` to the newest schema, in order of the folders' names. Safe to run at every start and
 * by several processes at once: an advisory lock lets one through at a time. Migrations that the database has and this
 * build has not (a newer build ran first) are left alone.
 *
 * @returns names of the migrations that this call applied
 * @throws when an applied migration's file was changed since, or one fails (it is undone)
 */
export async function migrate(
  url: string,
  options: MigrateOptions,
): Promise<{ applied: string[] }> {
  const { only } = options;
  const all = await readMigrations(options.migrationsDir);
  const migrations = all.filter(({ name }) => only?.has(name) !== false);
  const client = new pg.Client({
    connectionString: url,
    application_name: 'slipway-migrate',
    lock_timeout: options.lockTimeoutMs ?? 120_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockKey]);
    await client.query(createHistory);
    const known = await readHistory(client);
    const applied: string[] = [];
    for (const migration of migrations) {
      const checksum = known.get(migration.name);
      if (checksum === undefined) {
        await apply(client, migration);
        applied.push(migration.name);
      } else if (checksum !== migration.checksum) {
        throw new Error(`migration ${migration.name} was changed after it had been applied`);
      }
    }
    return { applied };
  } finally {
    // Ending the session gives the lock back.
    await client.end().catch(() => undefined);
  }
}
