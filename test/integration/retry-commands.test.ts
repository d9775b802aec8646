import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retryCommands } from '../../activities/reconcile/retry-commands.ts';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { makeDeployment } from '../support/entity-steps.ts';
import { reconcilerUnderTest } from '../support/reconcile-steps.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let projectId: string;
let reconciler: ReturnType<typeof reconcilerUnderTest>;

beforeAll(async () => {
  database = await createTestDatabase();
  const { id } = await createTestUser(database.db);
  projectId = (await createTestProject(database.db, id)).id;
  reconciler = reconcilerUnderTest(database.db, null);
});
afterAll(() => database.drop());

describe('events that the outbox gave up', () => {
  it('are delivered again, with one event and one warning when that worked [A-REC-01] [A-REC-02]', async () => {
    const { db } = database;
    const row = await makeDeployment(db, projectId);
    const eventId = await inTransaction(db, (tx) =>
      publishEvent(tx, {
        type: 'deployment.desired_changed',
        projectId,
        subjectId: row.id,
        payload: { environment: 'production', generation: 1 },
      }),
    );
    const letter = {
      id: newId('deadLetter'),
      consumer: 'core',
      eventId,
      error: 'x',
      attempts: 5,
      nextTryAt: new Date(),
    };
    await db.eventDeadLetter.create({ data: letter });
    const handed: string[] = [];
    let isAway = true;
    const retry = retryCommands({
      ...reconciler.deps(),
      consumers: {
        core: (event) => {
          if (isAway) return Promise.reject(new Error('away'));
          handed.push(event.id);
          return Promise.resolve();
        },
      },
    });
    expect(await retry()).toEqual({ repaired: 0 });
    const kept = await db.eventDeadLetter.findUniqueOrThrow({ where: { id: letter.id } });
    expect(kept).toMatchObject({ attempts: 6, error: 'Error: away' });
    expect(kept.nextTryAt?.getTime()).toBeGreaterThan(Date.now() + 50_000);
    isAway = false;
    expect(await retry()).toEqual({ repaired: 0 });
    await db.eventDeadLetter.update({
      where: { id: letter.id },
      data: { nextTryAt: new Date() },
    });
    expect(await retry()).toEqual({ repaired: 1 });
    expect(await retry()).toEqual({ repaired: 0 });
    expect(handed).toEqual([eventId]);
    expect(reconciler.mismatches('event_id', eventId)).toHaveLength(1);
    expect(await reconciler.repairs('eventId', eventId)).toMatchObject([
      { payload: { kind: 'command' } },
    ]);
    expect(await db.eventDeadLetter.count({ where: { id: letter.id } })).toBe(0);
  });

  it('wait for a person after a day, behind no other, and whoever has their turn finds it counted [A-REC-01]', async () => {
    const { db } = database;
    const publish = () =>
      inTransaction(db, (tx) => publishEvent(tx, { type: 'project.updated', projectId }));
    const bury = async (consumer: string, eventId: string, more: object = {}) => {
      const id = newId('deadLetter');
      const rest = { error: 'x', attempts: 5, nextTryAt: new Date(), ...more };
      await db.eventDeadLetter.create({ data: { id, consumer, eventId, ...rest } });
      return id;
    };
    // what nobody tries again by itself takes no place of what is due
    for (let i = 0; i < 60; i += 1)
      await bury('core', `evt_old_${i}`, { nextTryAt: null, createdAt: new Date(0) });
    const dayAgo = new Date(Date.now() - 24 * 3_600_000);
    const old = await bury('core', await publish(), { createdAt: dayAgo });
    const purged = await bury('core', 'evt_purged');
    const lost = await bury('gone', await publish());
    const asked = await bury('notify', await publish());
    const counted: number[] = [];
    const retry = retryCommands({
      ...reconciler.deps(),
      consumers: {
        core: async () => {
          const { attempts } = await db.eventDeadLetter.findUniqueOrThrow({ where: { id: old } });
          counted.push(attempts);
          throw new Error('never');
        },
        notify: () => Promise.resolve(),
      },
    });
    expect(await retry()).toEqual({ repaired: 1 });
    expect(await retry()).toEqual({ repaired: 0 });
    expect(counted).toEqual([6]);
    const letterOf = (id: string) => db.eventDeadLetter.findUnique({ where: { id } });
    expect(await letterOf(old)).toMatchObject({ nextTryAt: null, error: 'Error: never' });
    expect(await letterOf(purged)).toMatchObject({
      nextTryAt: null,
      error: 'Error: the event is not kept any more',
    });
    expect(await letterOf(lost)).toMatchObject({ nextTryAt: null, attempts: 6 });
    expect(await letterOf(asked)).toBeNull();
  });
});
