import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Product } from './baseline.ts';

/** What a piece of work asks of the database. */
export interface Statements {
  statements: number;
  /** those that were begun and committed by name; a statement by itself is none of them */
  transactions: number;
}

/** Visits the database of a product. */
export async function withDatabase<T>(
  url: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function readFrom(file: string, position: number): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(size - position);
    await handle.read(bytes, 0, bytes.length, position);
    return bytes.toString('utf8');
  } finally {
    await handle.close();
  }
}

const statement = / LOG: {2}(?:statement|execute [^:]*): (\w+)/g;

/** What comes while `work` runs, by the log of Postgres. */
async function counted(file: string, work: () => Promise<unknown>): Promise<Statements> {
  const { size } = await stat(file);
  await work();
  const words = [...(await readFrom(file, size)).matchAll(statement)].map(([, word = '']) =>
    word.toUpperCase(),
  );
  return {
    statements: words.length,
    transactions: words.filter((word) => word === 'COMMIT').length,
  };
}

/**
 * What one of `runs` asks of the database, by a log of all statements. What the product asks while nothing runs is counted
 * for as long before and taken off.
 * @param work makes the runs and says how many seconds that took
 */
export async function statementsOfOne(
  product: Product,
  runs: number,
  work: () => Promise<number>,
): Promise<Statements> {
  const log = path.join(product.home, 'logs', 'postgres.log');
  const logAll = (value: string): Promise<void> =>
    withDatabase(product.databaseUrl, async (client) => {
      await client.query(`ALTER SYSTEM SET log_statement = '${value}'`);
      await client.query('SELECT pg_reload_conf()');
      // each backend takes it up before its next statement
      await sleep(500);
    });
  const idleSeconds = 5;
  await logAll('all');
  try {
    const idle = await counted(log, () => sleep(idleSeconds * 1000));
    let seconds = 0;
    const busy = await counted(log, async () => {
      seconds = await work();
    });
    const ofOne = (key: keyof Statements): number =>
      Math.round((busy[key] - (idle[key] * seconds) / idleSeconds) / runs);
    return { statements: ofOne('statements'), transactions: ofOne('transactions') };
  } finally {
    await logAll('none');
  }
}
