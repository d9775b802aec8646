import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createDb, type DbOptions } from '../../domain/shared/db.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { eventually } from './eventually.ts';
import { readRunState } from './run-folder.ts';

/** A loaded machine is slow to answer, which is no failure of what is tested. */
const patience = {
  connectTimeoutMs: 60_000,
  statementTimeoutMs: 120_000,
  transactionTimeoutMs: 120_000,
};

export interface TestDatabase {
  url: string;
  db: PrismaClient;
  /** ends the client and removes the database */
  drop(): Promise<void>;
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: readRunState().databaseUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** The address of a database of the tests' server. */
export function urlOf(name: string): string {
  const url = new URL(readRunState().databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A database that its maker removes. */
export function openDatabase(url: string): TestDatabase {
  const db = createDb(url, patience);
  return { url, db, drop: () => db.$disconnect() };
}

/** A database without any table, for tests of migrations. */
export async function createEmptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name}`);
  return { url: urlOf(name), drop: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** A database of its own for a test file: migrated, with the permissions and roles of every installation, no user. */
export async function createTestDatabase(options: DbOptions = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  // It cannot be copied while somebody is connected to it, and the server itself looks after it now and then.
  await eventually(async () => {
    // its files as they are, which is half the work of writing down each page
    const how = `TEMPLATE ${readRunState().templateDatabase} STRATEGY FILE_COPY`;
    await onServer(`CREATE DATABASE ${name} ${how}`);
    return true;
  });
  const url = urlOf(name);
  const db = createDb(url, { ...patience, ...options });
  return {
    url,
    db,
    drop: async () => {
      await db.$disconnect();
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}
