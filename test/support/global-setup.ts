import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { createDb } from '../../domain/shared/db.ts';
import { migrate } from '../../prisma/migrate.ts';
import { seedAccess } from '../../prisma/seed.ts';
import { startPostgres } from './postgres-server.ts';
import { makeRunFolder, writeRunState } from './run-folder.ts';
import { startTemporal } from './temporal-server.ts';

const migrationsDir = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
/** What a prepared database is made by, besides the migrations. */
const makers = ['prisma/migrate.ts', 'prisma/seed.ts', 'contracts/identity/permissions.ts'].map(
  (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url)),
);
const namespaces = Array.from({ length: 12 }, (_, index) => `slipway-test-${index + 1}`);

/** What must be stopped at the end of the run; global-teardown.ts runs in this process too. */
export const stops: (() => Promise<void>)[] = [];

/**
 * Starts one Postgres and one Temporal for the whole jest run, or takes those named by SLIPWAY_TEST_DATABASE_URL (a
 * user who may create databases) and SLIPWAY_TEST_TEMPORAL (an address, with namespaces slipway-test-1 … 12).
 */
export default async function globalSetup(): Promise<void> {
  const folder = makeRunFolder();
  try {
    const [databaseUrl, temporalAddress] = await Promise.all([
      process.env['SLIPWAY_TEST_DATABASE_URL'] ?? ownPostgres(folder),
      process.env['SLIPWAY_TEST_TEMPORAL'] ?? ownTemporal(folder),
    ]);
    const templateDatabase = await makeTemplate(databaseUrl);
    const temporalNamespaces = namespaces;
    writeRunState({ folder, databaseUrl, templateDatabase, temporalAddress, temporalNamespaces });
  } catch (error) {
    await stopServers();
    throw error;
  }
  stops.push(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

/** In the order of starting; the folder goes last. */
export async function stopServers(): Promise<void> {
  for (const stop of stops.splice(0)) await stop();
}

async function ownPostgres(folder: string): Promise<string> {
  const server = await startPostgres(folder);
  stops.push(() => server.stop());
  return server.url;
}

async function ownTemporal(folder: string): Promise<string> {
  const server = await startTemporal(folder, { namespaces });
  stops.push(() => server.stop());
  return server.address;
}

/** A migrated and seeded database, named after what makes it: a server that is kept makes it once. */
async function makeTemplate(serverUrl: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of readdirSync(migrationsDir).sort()) {
    hash.update(readFileSync(join(migrationsDir, name, 'migration.sql')));
  }
  for (const file of makers) hash.update(readFileSync(file));
  const name = `slipway_template_${hash.digest('hex').slice(0, 12)}`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await migrate(url.href, { migrationsDir });
  const db = createDb(url.href, { max: 1 });
  await seedAccess(db);
  await db.$disconnect();
  return name;
}
