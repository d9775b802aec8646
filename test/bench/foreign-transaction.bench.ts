import pg from 'pg';
import { keepFigures, machineNow } from '../support/bench.ts';
import { openPushes, type PushedProject, quantile } from '../support/push-bench.ts';
import { type Product, startProduct } from './support/baseline.ts';
import { withDatabase } from './support/statements.ts';
import { judge } from './support/targets.ts';

/*
 * From a recorded push to the first line in a follower's hand, beside what others do in the same Postgres and what writes no
 * event: a write transaction held open, in this database and in another one, and a COPY. Judged by the same without it,
 * before, between and after, in the same run. A product whose events wait for such a transaction waits here until it ends.
 */
const HOLD_SECONDS = Number(process.env['BENCH_HOLD_SECONDS'] ?? 60);
const COPY_MB = Number(process.env['BENCH_COPY_MB'] ?? 1000);
const PUSHES = Number(process.env['BENCH_PUSHES'] ?? 30);
const warm = 5;
const scratch = 'slipway_bench';

/** Something that goes on in the database: it is begun, and ended when enough was pushed beside it. */
interface Beside {
  name: string;
  begin(): Promise<{
    /** Whether another push would be one too many, or not be beside it any more. */
    isEnough(pushes: number): boolean;
    end(): Promise<void>;
  }>;
}

async function connect(url: string, database?: string): Promise<pg.Client> {
  const address = new URL(url);
  if (database !== undefined) address.pathname = `/${database}`;
  const client = new pg.Client({ connectionString: address.href });
  await client.connect();
  return client;
}

/** A transaction that has written a row and stays open. */
function heldIn(url: string, database: string | undefined, name: string): Beside {
  return {
    name,
    begin: async () => {
      const client = await connect(url, database);
      await client.query(`CREATE TABLE IF NOT EXISTS ${scratch} (line text)`);
      await client.query('BEGIN');
      await client.query(`INSERT INTO ${scratch} VALUES ('held')`);
      const until = performance.now() + HOLD_SECONDS * 1000;
      // nobody waits for longer than that, whatever the product does
      const limit = setTimeout(() => void client.query('ROLLBACK'), HOLD_SECONDS * 1000);
      return {
        isEnough: () => performance.now() > until,
        end: async () => {
          clearTimeout(limit);
          await client.query('ROLLBACK');
          await client.query(`DROP TABLE ${scratch}`);
          await client.end();
        },
      };
    },
  };
}

/** One COPY after another of so many megabytes, each into an empty table, until it is ended; at least one to its end. */
function copying(url: string): Beside {
  // whole lines of a thousand bytes, and a program that costs next to nothing: the COPY is what shall be beside us
  const source = `yes ${'x'.repeat(999)} | head -c ${String(COPY_MB)}000000`;
  return {
    name: `COPY of ${String(COPY_MB)} MB`,
    begin: async () => {
      const client = await connect(url);
      await client.query(`CREATE TABLE ${scratch} (line text)`);
      const until = performance.now() + HOLD_SECONDS * 1000;
      let done = 0;
      let stopping = false;
      const copies = (async () => {
        while (!stopping) {
          await client.query(`COPY ${scratch} FROM PROGRAM '${source}'`);
          await client.query(`TRUNCATE ${scratch}`);
          done += 1;
        }
      })();
      copies.catch(() => undefined);
      return {
        isEnough: (pushes) => done > 0 && (pushes >= PUSHES || performance.now() > until),
        end: async () => {
          stopping = true;
          try {
            await copies;
          } finally {
            await client.query(`DROP TABLE ${scratch}`);
            await client.end();
          }
        },
      };
    },
  };
}

/** Pushes while something goes on. */
async function pushBeside(project: PushedProject, beside: Beside): Promise<number[]> {
  const { isEnough, end } = await beside.begin();
  const times: number[] = [];
  try {
    while (!isEnough(times.length)) times.push((await project.push()).toFirstLineMs);
  } finally {
    await end();
  }
  return times;
}

const figures = (times: readonly number[]) => ({
  p50: quantile(times, 0.5),
  p95: quantile(times, 0.95),
  longest: quantile(times, 1),
  n: times.length,
});

async function measure(product: Product) {
  const project = await openPushes(product, 'beside');
  for (let n = 0; n < warm; n += 1) await project.push();
  await withDatabase(product.databaseUrl, (client) => client.query(`CREATE DATABASE ${scratch}`));
  const held = `write transaction of ${String(HOLD_SECONDS)} s`;
  const cases = [
    heldIn(product.databaseUrl, undefined, `${held}, this database`),
    heldIn(product.databaseUrl, scratch, `${held}, another database`),
    copying(product.databaseUrl),
  ];
  const alone: number[] = [];
  const idle = async (): Promise<void> => {
    for (let n = 0; n < Math.ceil(PUSHES / 2); n += 1)
      alone.push((await project.push()).toFirstLineMs);
  };
  const beside: { name: string; times: number[] }[] = [];
  await idle();
  for (const one of cases) {
    beside.push({ name: one.name, times: await pushBeside(project, one) });
    process.stdout.write(
      `  · ${one.name}: ${JSON.stringify(figures(beside.at(-1)?.times ?? []))}\n`,
    );
    await idle();
  }
  await project.close();
  return { alone, beside };
}

const machine = machineNow();
const product = await startProduct('ours');
try {
  const { alone, beside } = await measure(product);
  const row = (name: string, times: readonly number[], q: number) =>
    judge(
      `push to first line beside a ${name}, p${String(q * 100)}`,
      'ms',
      { ours: quantile(times, q), other: quantile(alone, q), name: 'the same without' },
      '<= 1.2x',
    );
  await keepFigures('foreign-transaction', {
    what: 'a recorded push to its first line beside work of others in the same Postgres',
    at: new Date().toISOString(),
    ...machine,
    targets: beside.flatMap(({ name, times }) => [row(name, times, 0.5), row(name, times, 0.95)]),
    alone: figures(alone),
    beside: beside.map(({ name, times }) => ({ name, ...figures(times) })),
  });
} finally {
  await product.stop();
}
process.exit(0);
