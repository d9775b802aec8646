import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { settleWithoutSync } from '../../domain/deploy/settle-without-sync.ts';
import { recordObservation } from '../../domain/deploy/record-observation.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { refusalOfDatabase } from '../../domain/shared/database-refusal.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { dispatchBatch } from '../support/dispatch-batch.ts';
import { type AppUnderTest, openAppUnderTest } from '../support/app-under-test.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { makeDeployment } from '../support/entity-steps.ts';
import { makeRunRows } from '../support/run-rows.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
beforeAll(async () => {
  sut = await openAppUnderTest();
});
afterAll(() => sut.stop());

const nul = 'a\0b';

describe('text that the database cannot keep', () => {
  it('is refused by it in a way that is known as final [A-PIPE-05]', async () => {
    const stored = sut.db.$queryRaw`SELECT ${nul}::text AS text`;
    const error = await stored.catch((thrown: unknown) => thrown);
    expect(refusalOfDatabase(error)).toContain('a text holds NUL or half of a character');
    const json = sut.db.$queryRaw`SELECT ${'"\\u0000"'}::jsonb AS json`;
    expect(refusalOfDatabase(await json.catch((thrown: unknown) => thrown))).not.toBeNull();
  });

  it('never keeps a run from its end: its reason is kept without it [A-PIPE-05]', async () => {
    const { pipelineId } = await makeRunRows(sut.db);
    await finishRun(sut.db, { pipelineId, status: 'failure', error: `.platform.yaml: "${nul}"` });
    expect(await sut.db.pipeline.findUniqueOrThrow({ where: { id: pipelineId } })).toMatchObject({
      status: 'failure',
      error: '.platform.yaml: "a\uFFFDb"',
    });
  });

  it('in what a target or a file says is kept without it [A-DEP-06, A-DEP-14]', async () => {
    const { id } = await createTestProject(sut.db, (await createTestUser(sut.db)).id);
    const row = await makeDeployment(sut.db, id, { observedGeneration: 0 });
    await settleWithoutSync(sut.db, row, { kind: 'refused', message: nul });
    const now = () => sut.db.deployment.findUniqueOrThrow({ where: { id: row.id } });
    expect((await now()).statusMessage).toBe('a\uFFFDb');
    await sut.db.deployment.update({ where: { id: row.id }, data: { currentStatus: 'healthy' } });
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'app', name: 'a' };
    const drift = [{ ref, path: '/data/x', desired: nul, live: '\uD800', manager: null }];
    await recordObservation(sut.db, row, { healthy: false, message: nul, drift, addresses: [] });
    expect(await now()).toMatchObject({
      statusMessage: 'a\uFFFDb',
      drift: [expect.objectContaining({ desired: 'a\uFFFDb', live: '\uFFFD' })],
    });
  });

  it('makes its own event a dead letter at once, and holds up no other one [A-EVT-03]', async () => {
    const publish = (message: string) =>
      inTransaction(sut.db, (tx) => publishEvent(tx, { type: 'user.created', message }));
    await dispatchBatch(sut.db, 'unstorable', () => Promise.resolve(), 1000);
    const [bad, good] = [await publish('bad'), await publish('good')];
    const handled: string[] = [];
    const handle = async ({ id }: { id: string }) => {
      handled.push(id);
      if (id === bad) await sut.db.$queryRaw`SELECT ${nul}::text AS text`;
    };
    const first = await dispatchBatch(sut.db, 'unstorable', handle, 10);
    expect(first).toMatchObject({ deadLetters: 1, retryInMs: null });
    await dispatchBatch(sut.db, 'unstorable', handle, 10);
    expect(handled).toEqual([bad, good]);
    const letter = await sut.db.eventDeadLetter.findFirst({ where: { eventId: bad } });
    expect(letter).toMatchObject({ consumer: 'unstorable', attempts: 1 });
  });

  it('is refused with a place by lint, and deep nesting by its limit [A-CORE-06, A-PIPE-01]', async () => {
    const { token } = await sut.account('linter', 'viewer');
    const lint = (text: string) => sut.call(token, 'POST', '/api/v1/pipelines/lint', { text });
    const escaped = await lint('steps:\n  - { name: a, commands: ["\\0"] }\n');
    expect(escaped).toMatchObject({
      status: 200,
      body: {
        ok: false,
        faults: [{ line: 2, column: 27, message: expect.stringContaining('NUL') }],
      },
    });
    const deep = await lint(`a: ${'['.repeat(200_000)}`);
    expect(deep.body).toMatchObject({
      ok: false,
      faults: [{ message: expect.stringContaining('nested deeper than 64') }],
    });
  });

  it.each([
    ['a user of git', 'GET', '/none/none.git/info/refs?service=git-upload-pack'],
    ['a session', 'GET', '/api/v1/me'],
  ])(
    'as the name of %s is no failure of ours [A-CORE-06, A-IAM-01]',
    async (_, method, address) => {
      const authorization = `Basic ${Buffer.from(`${nul}:${nul}`).toString('base64')}`;
      const answer = await sut.call(null, method, address, undefined, { authorization });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    },
  );
});
