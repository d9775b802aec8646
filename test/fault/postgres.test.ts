import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { classifyError } from '../../api/problems/classify-error.ts';
import { verifyAudit } from '../../domain/audit/verify-audit.ts';
import { writeAudit } from '../../domain/audit/write-audit.ts';
import { type EventBus, openEventBus } from '../../domain/event/event-bus.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { createDb } from '../../domain/shared/db.ts';
import { type Listener, openListener } from '../../domain/shared/listen.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { migrate } from '../../prisma/migrate.ts';
import { testCaller } from '../support/callers.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { waitFor } from '../support/processes.ts';
import { readRunState } from '../support/run-folder.ts';

jest.setTimeout(600_000);

const caller = testCaller();
const migrationsDir = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const kills = 6 * faultScale();

let server: PostgresServer;
let db: PrismaClient;
let listener: Listener;
let bus: EventBus;
/** what the bus told, by subject */
const told: string[] = [];

beforeAll(async () => {
  server = await startPostgres(readRunState().folder, { name: 'mortal', durable: true });
  await migrate(server.url, { migrationsDir });
  db = createDb(server.url, { connectTimeoutMs: 2_000 });
  listener = await openListener(server.url);
  bus = await openEventBus({ db, listener, log: { error: () => undefined } });
  bus.subscribe('*', (event) => void told.push(event.subjectId ?? ''));
});

afterAll(async () => {
  bus.close();
  await listener.close();
  await db.$disconnect();
  await server.stop();
});

/** A change as use-cases make it: row, event and audit row in one transaction. */
function createUser(name: string, beforeCommit: () => void = () => undefined): Promise<void> {
  return inTransaction(db, async (tx) => {
    const id = newId('user');
    await tx.user.create({ data: { id, name, email: `${name}@example.test` } });
    await publishEvent(tx, { type: 'user.created', subjectId: name });
    await writeAudit(tx, caller, { action: 'user.created', resource: 'user', resourceId: name });
    beforeCommit();
  });
}

async function answers(): Promise<boolean> {
  const client = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One backend at work, by SIGKILL: Postgres then ends all the others and recovers. */
async function killBackend(): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'slipway' AND state <> 'idle' LIMIT 1`,
  );
  if (rows[0]) process.kill(rows[0].pid, 'SIGKILL');
  await client.end().catch(() => undefined);
  if (!rows[0]) throw new Error('no backend was at work');
}

async function killPostmaster(awayMs: number): Promise<void> {
  await server.kill();
  await pause(awayMs);
  // Its orphans keep the shared memory for a moment, and until they are gone it does not start.
  await waitFor('Postgres to start again', () => server.start().then(() => true), { everyMs: 200 });
}

interface Run {
  ledger: Ledger;
  codes: Map<string, number>;
}

/** Writes without a pause while Postgres is killed again and again; the client is never made anew. */
async function writeUnderKills(
  name: string,
  create: (key: string, acknowledge: () => void) => Promise<void>,
): Promise<Run> {
  const ledger = new Ledger(name);
  const prefix = `${ledger.seed}`;
  const codes = new Map<string, number>();
  let running = true;
  let lastWrite = 0;
  const lane = async (lane: number) => {
    for (let i = 0; running; i += 1) {
      const key = `u${prefix}-${lane}-${i}`;
      ledger.ask(key);
      try {
        await create(key, () => ledger.acknowledge(key));
        lastWrite = Date.now();
      } catch (error) {
        const { code } = classifyError(error);
        codes.set(code, (codes.get(code) ?? 0) + 1);
        await pause(20);
      }
    }
  };
  const lanes = [0, 1, 2, 3, 4, 5, 6, 7].map(lane);
  for (let kill = 0; kill < kills; kill += 1) {
    await pause(ledger.between(300, 900));
    if (kill % 2 === 0) await killBackend().then(() => ledger.fault('backend'));
    else await killPostmaster(ledger.between(0, 800)).then(() => ledger.fault('postmaster'));
    await waitFor('Postgres to answer', answers);
    const back = Date.now();
    await waitFor('a write', () => lastWrite > back, { timeoutMs: 120_000 });
  }
  running = false;
  await Promise.all(lanes);
  return { ledger, codes };
}

describe('Postgres killed under writes (B1)', () => {
  it('loses nothing acknowledged, answers only unavailable meanwhile, and is written to again without a restart [A-CORE-05]', async () => {
    const { ledger, codes } = await writeUnderKills('postgres B1', async (key, done) => {
      await createUser(key);
      done();
    });
    expect(ledger.faults.get('backend')).toBe(kills / 2);
    expect(ledger.faults.get('postmaster')).toBe(kills / 2);
    expect(ledger.acknowledgements).toBeGreaterThan(50);
    expect([...codes.keys()]).toEqual(['unavailable']);

    const users = (await db.user.findMany()).map((user) => user.name);
    const events = (await db.event.findMany()).map((event) => event.subjectId ?? '');
    const audited = (await db.auditEntry.findMany()).map((row) => row.resourceId ?? '');
    for (const stored of [users, events, audited]) {
      expect(ledger.check(stored)).toEqual({ lost: [], doubled: [], unasked: [] });
    }
    expect([...events].sort()).toEqual([...users].sort());
    expect([...audited].sort()).toEqual([...users].sort());
    expect(await verifyAudit(db)).toMatchObject({ ok: true });
    await waitFor('the bus to tell all', () => told.length >= events.length);
    expect([...told].sort()).toEqual([...events].sort());
  });

  it('would lose writes that were acknowledged before their commit [A-CORE-05]', async () => {
    let lost = 0;
    // A kill has to fall between the answer and the commit: not every round of them does.
    for (let round = 1; lost === 0 && round <= 6; round += 1) {
      const { ledger } = await writeUnderKills('postgres B1, mutant', (key, done) =>
        createUser(key, done),
      );
      const users = (await db.user.findMany()).map((user) => user.name);
      lost = ledger.check(users).lost.length;
    }
    expect(lost).toBeGreaterThan(0);
  });
});
