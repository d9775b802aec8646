import { type ChildProcess, execFile } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { type PostgresPlan, planPostgres } from './launch-plan.ts';
import { startProgram, stopProcess, waitForServer } from './processes.ts';
import { notePid } from './run-folder.ts';

/** Nothing here outlives the run, so nothing waits for the disk. */
const fast = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

export interface PostgresServer {
  /** of the database `postgres` */
  url: string;
  port: number;
  /** pid of the postmaster */
  pid(): number;
  start(): Promise<void>;
  /** fast shutdown: connections are cut, nothing is lost */
  stop(): Promise<void>;
  /** SIGKILL of the postmaster; its backends end by themselves */
  kill(): Promise<void>;
}

/**
 * A Postgres of its own in `<folder>/<name>`, running.
 * `durable` keeps what it acknowledged through a kill, as in production.
 */
export async function startPostgres(
  folder: string,
  { name = 'postgres', durable = false, settings = [] as string[] } = {},
): Promise<PostgresServer> {
  const data = join(folder, name);
  const port = await freePort();
  const url = `postgres://slipway@127.0.0.1:${port}/postgres`;
  const logFile = join(folder, `${name}.log`);
  const flags = [
    ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'],
    ...['shared_buffers=64MB', 'max_wal_size=256MB', 'timezone=UTC', 'log_min_messages=fatal'],
    ...(durable ? [] : fast),
    ...settings,
  ].flatMap((setting) => ['-c', setting]);
  const initdbArgs = [
    ...['-U', 'slipway', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C'],
    ...['--no-sync', '--no-instructions'],
  ];
  const postgresArgs = ['-p', String(port), ...flags];
  const plan = await planPostgres({ folder, data, initdbArgs, postgresArgs });
  await initialise(plan, data);
  let child: ChildProcess | null = null;
  const server: PostgresServer = {
    url,
    port,
    pid: () => child?.pid ?? -1,
    start: async () => {
      child = startProgram({ ...plan.postgres, logFile });
      if (child.pid !== undefined) notePid(folder, child.pid);
      await waitForServer('Postgres', child, logFile, () => answers(url));
    },
    // SIGINT asks Postgres for a fast shutdown; SIGTERM would wait for every client.
    stop: async () => (child ? stopProcess(child, 'SIGINT') : undefined),
    kill: async () => (child ? stopProcess(child, 'SIGKILL') : undefined),
  };
  await server.start();
  return server;
}

async function initialise(plan: PostgresPlan, data: string): Promise<void> {
  mkdirSync(data, { recursive: true });
  if (plan.uid !== undefined && plan.gid !== undefined) chownSync(data, plan.uid, plan.gid);
  const { command, args, ...owner } = plan.initdb;
  await promisify(execFile)(command, args, owner);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
