import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Invocation {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

/** How to run Postgres here, where root and folders that others may not enter need care. */
export interface PostgresPlan {
  /** owner of the data; absent when that is us */
  uid?: number;
  gid?: number;
  initdb: Invocation;
  postgres: Invocation;
}

const script = fileURLToPath(new URL('../../test/support/launch-plan.mjs', import.meta.url));

async function ask(question: object): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    JSON.stringify(question),
  ]);
  return JSON.parse(stdout);
}

export async function planPostgres(question: {
  folder: string;
  data: string;
  initdbArgs: string[];
  postgresArgs: string[];
}): Promise<PostgresPlan> {
  return (await ask(question)) as PostgresPlan;
}

/** Path of a Temporal program that is on this machine. */
export async function planTemporal(folder: string): Promise<string> {
  const { temporal } = (await ask({ folder })) as { temporal: string | null };
  if (temporal === null) throw new Error('there is no Temporal server: run npm start once');
  return temporal;
}
