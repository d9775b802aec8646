import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient, type Prisma } from '../../prisma/generated/client.ts';
import { preparedName } from './prepared.ts';

/** The database itself or a transaction on it: what a use-case that only reads or writes needs. */
export type Db = PrismaClient | Prisma.TransactionClient;

export interface DbOptions {
  /** connections in the pool of this process; 10 unless told */
  max?: number;
  /** the server ends a statement that runs longer, in ms; 30 s unless told, 0 = never */
  statementTimeoutMs?: number;
  /** how long to wait for a connection, in ms, before the request fails; 5 s unless told */
  connectTimeoutMs?: number;
  /** how long a transaction may take, in ms, before it is rolled back; 20 s unless told */
  transactionTimeoutMs?: number;
}

/**
 * A client with its own pool. Connections that Postgres closed are replaced by the pool on the next query,
 * so a restarted Postgres needs no restart of ours. End it with `$disconnect()`.
 */
export function createDb(url: string, opts: DbOptions = {}): PrismaClient {
  const connectTimeoutMs = opts.connectTimeoutMs ?? 5_000;
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: opts.max ?? 10,
      connectionTimeoutMillis: connectTimeoutMs,
      statement_timeout: opts.statementTimeoutMs ?? 30_000,
      // As Postgres does unless its operator says otherwise; told once, for a statement in each transaction costs a way there.
      options: '-c default_transaction_isolation=read\\ committed',
      keepAlive: true,
      application_name: 'slipway',
    },
    // An idle connection that breaks is no failure of anybody's request: the next query gets a new one.
    {
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
      statementNameGenerator: preparedName,
    },
  );
  return new PrismaClient({
    adapter,
    errorFormat: 'minimal',
    transactionOptions: {
      maxWait: connectTimeoutMs,
      timeout: opts.transactionTimeoutMs ?? 20_000,
    },
  });
}
