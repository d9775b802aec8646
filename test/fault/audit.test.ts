import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { verifyAudit } from '../../domain/audit/verify-audit.ts';
import { writeAudit } from '../../domain/audit/write-audit.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { testCaller } from '../support/callers.ts';
import { faultScale, Ledger, pause } from '../support/ledger.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(300_000);

const caller = testCaller();
let test: TestDatabase;

beforeEach(async () => {
  await test?.drop();
  test = await createTestDatabase({ max: 20 });
});
afterAll(() => test.drop());

async function createUser(tx: Prisma.TransactionClient, name: string): Promise<void> {
  await tx.user.create({ data: { id: newId('user'), name, email: `${name}@example.test` } });
}

const entry = (name: string) => ({ action: 'user.created', resource: 'user', resourceId: name });

/** An effect and its audit row, as every use-case writes them. */
function createAudited(name: string): Promise<void> {
  return inTransaction(test.db, async (tx) => {
    await createUser(tx, name);
    await pause(3);
    await writeAudit(tx, caller, entry(name));
  });
}

/** The mutant: the audit row in a transaction of its own, after the effect. */
async function createThenAudit(name: string): Promise<void> {
  await inTransaction(test.db, (tx) => createUser(tx, name));
  await pause(3);
  await inTransaction(test.db, (tx) => writeAudit(tx, caller, entry(name)));
}

/** Runs many effects while their connections are cut at random moments; answers what is on one side only. */
async function underKills(
  ledger: Ledger,
  effect: (name: string) => Promise<void>,
): Promise<{ withoutAudit: string[]; withoutEffect: string[] }> {
  let running = true;
  const killer = (async () => {
    while (running) {
      await pause(ledger.between(2, 25));
      const killed = await test.db.$queryRaw<{ ok: boolean }[]>`
          SELECT pg_terminate_backend(pid) AS ok FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND application_name = 'slipway' AND state <> 'idle'
           ORDER BY random() LIMIT 1`.catch(() => []);
      for (const { ok } of killed) if (ok) ledger.fault('connection cut');
    }
  })();
  const lane = async (lane: number) => {
    for (let i = 0; i < 60 * faultScale(); i += 1) {
      const name = `u-${lane}-${i}`;
      ledger.ask(name);
      await effect(name).then(
        () => ledger.acknowledge(name),
        () => ledger.fault('effect failed'),
      );
    }
  };
  await Promise.all([0, 1, 2, 3, 4].map(lane));
  running = false;
  await killer;
  const effects = (await test.db.user.findMany()).map((user) => user.name);
  const audited = (await test.db.auditEntry.findMany()).map((row) => row.resourceId ?? '');
  expect(ledger.check(effects)).toEqual({ lost: [], doubled: [], unasked: [] });
  expect(ledger.check(audited).doubled).toEqual([]);
  return {
    withoutAudit: effects.filter((name) => !audited.includes(name)),
    withoutEffect: audited.filter((name) => !effects.includes(name)),
  };
}

describe('the audit log under faults (I5)', () => {
  it('has exactly one row for each effect when connections die between the two [A-AUD-02]', async () => {
    const ledger = new Ledger('audit I5');
    const sides = await underKills(ledger, createAudited);
    expect(sides).toEqual({ withoutAudit: [], withoutEffect: [] });
    expect(ledger.faults.get('effect failed')).toBeGreaterThan(0);
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true });
  });

  it('would lack rows if they were written in a transaction of their own [A-AUD-02]', async () => {
    const ledger = new Ledger('audit I5, mutant');
    const { withoutAudit } = await underKills(ledger, createThenAudit);
    expect(withoutAudit.length).toBeGreaterThan(0);
  });

  it('takes the effect back when its row cannot be written [A-AUD-02]', async () => {
    await test.db.$executeRaw`
      ALTER TABLE audit_log ADD CONSTRAINT refuse_one CHECK (resource_id <> 'refused')`;
    await expect(createAudited('refused')).rejects.toThrow();
    await createAudited('taken');
    expect((await test.db.user.findMany()).map((user) => user.name)).toEqual(['taken']);
  });

  it('keeps one chain when many write at once [A-AUD-03]', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, i) => createAudited(`p${i}`)));
    expect(await verifyAudit(test.db)).toMatchObject({ ok: true, rows: 60, firstBreak: null });
  });

  it.each([
    [
      'a changed row',
      `UPDATE audit_log SET actor_name = 'somebody else' WHERE seq = 7`,
      'changed',
      '7',
    ],
    ['a changed detail', `UPDATE audit_log SET detail = '{"a":1}' WHERE seq = 3`, 'changed', '3'],
    ['a removed row', 'DELETE FROM audit_log WHERE seq = 5', 'missing', '6'],
    ['a cut tail', 'DELETE FROM audit_log WHERE seq > 8', 'tail_cut', '9'],
    ['an emptied log', 'DELETE FROM audit_log', 'tail_cut', '1'],
    [
      'a row that was made up',
      `UPDATE audit_log SET hash = repeat('0', 64), prev_hash = repeat('1', 64) WHERE seq = 4`,
      'chain',
      '4',
    ],
  ])(
    'names %s, made by somebody who could switch its guard off [A-AUD-03]',
    async (_what, sql, kind, seq) => {
      for (let i = 1; i <= 10; i += 1) await createAudited(`t${i}`);
      await expect(test.db.$executeRawUnsafe(sql)).rejects.toThrow(/append-only/);
      await test.db.$executeRaw`ALTER TABLE audit_log DISABLE TRIGGER USER`;
      await test.db.$executeRawUnsafe(sql);
      await test.db.$executeRaw`ALTER TABLE audit_log ENABLE TRIGGER USER`;
      expect(await verifyAudit(test.db)).toMatchObject({ ok: false, firstBreak: { kind, seq } });
    },
  );
});
