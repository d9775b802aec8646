import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { abortDeployment, noteAbortOfBefore } from '../../domain/deploy/abort-deployment.ts';
import { finishSync } from '../../domain/deploy/finish-sync.ts';
import { settleGate } from '../../domain/gate/settle-gate.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { noteRequestOfBefore } from '../../domain/pipeline/request-command.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { testCaller } from '../support/callers.ts';
import { makeDeployment, makeOpenSync } from '../support/entity-steps.ts';
import { makeGate, makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let people: TestAccount[];
let project: { id: string; path: string };

beforeAll(async () => {
  sut = await openAppUnderTest();
  const owner = await sut.account('outcome', 'admin');
  project = await sut.project(owner, 'decided');
  people = [owner];
  for (let n = 1; n < 8; n += 1)
    people.push(await sut.account(`voice-${String(n)}`, `maintainer@${project.id}`));
});
afterAll(() => sut.stop());

const decide = async (who: TestAccount | undefined, gateId: string, decision: string) =>
  await sut.call(who ?? null, 'POST', `/api/v1/gates/${gateId}/decision`, { decision });
const gateOf = (id: string) => sut.db.gate.findUniqueOrThrow({ where: { id } });

/** How a gate has to have ended by the answers that were given: 200 for every voice that it counts, 409 for the others. */
function outcomeOf(said: { decision: string; status: number }[], quorum: number): string {
  const taken = said.filter(({ status }) => status === 200).map(({ decision }) => decision);
  const count = (kind: string) => taken.filter((decision) => decision === kind).length;
  if (count('reject') > 0) return 'rejected';
  if (count('approve') >= quorum) return 'approved';
  return count('skip') >= quorum ? 'skipped' : 'open';
}

describe('a gate that many decide at once', () => {
  it('has one outcome, in which every voice that was taken is counted, and says so to the others [A-PIPE-03]', async () => {
    const words = ['approve', 'reject', 'approve', 'skip', 'approve', 'skip', 'approve', 'skip'];
    const outcomes: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      const quorum = 1 + (round % 3);
      const gateId = await makeGate(sut.db, project.id, { quorum });
      const turned = words.map((_, index) => words[(index + round) % words.length] ?? 'approve');
      const said = await Promise.all(
        turned.map(async (decision, index) => {
          const { status, body } = await decide(people[index], gateId, decision);
          if (status !== 200) expect(body).toMatchObject({ code: 'illegal_transition' });
          return { decision, status };
        }),
      );
      const { status, closedAt } = await gateOf(gateId);
      expect(status).toBe(outcomeOf(said, quorum));
      expect(status).not.toBe('open');
      expect(closedAt).not.toBeNull();
      const taken = said.filter((one) => one.status === 200).length;
      expect(await sut.db.gateDecision.count({ where: { gateId } })).toBe(taken);
      // The voice that decides is the last one: no rejection is taken beside an approval that was enough.
      const rejections = said.filter((one) => one.decision === 'reject' && one.status === 200);
      expect(rejections).toHaveLength(status === 'rejected' ? 1 : 0);
      const closed = { type: 'gate.closed', subjectId: gateId } as const;
      expect(await sut.db.event.count({ where: closed })).toBe(1);
      outcomes.push(status);
    }
    expect(new Set(outcomes).size).toBeGreaterThan(1);
  });

  it('is closed by the voice that decides: whoever rejects a moment later is told [A-PIPE-03]', async () => {
    const gateId = await makeGate(sut.db, project.id);
    expect((await decide(people[1], gateId, 'approve')).status).toBe(200);
    expect(await decide(people[2], gateId, 'reject')).toMatchObject({
      status: 409,
      body: { code: 'illegal_transition', detail: 'The gate is closed: approved.' },
    });
  });

  it('expires or is decided, never both; and nothing is decided after its time [A-PIPE-03]', async () => {
    for (let round = 0; round < 8; round += 1) {
      const expiresAt = new Date(Date.now() + 60);
      const gateId = await makeGate(sut.db, project.id, { expiresAt });
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 5));
      const [said, now] = await Promise.all([
        decide(people[1], gateId, 'approve'),
        settleGate(sut.db, { gateId, requested: 'expired' }),
      ]);
      const { status } = await gateOf(gateId);
      if (said.status === 200) expect(status).toBe('approved');
      else expect(['open', 'expired']).toContain(status);
      expect(['open', status]).toContain(now.status);
    }
    const late = await makeGate(sut.db, project.id, { expiresAt: new Date(Date.now() - 1) });
    expect((await decide(people[1], late, 'approve')).body).toMatchObject({
      code: 'illegal_transition',
    });
    expect(await settleGate(sut.db, { gateId: late, requested: 'expired' })).toMatchObject({
      status: 'expired',
    });
    const early = await makeGate(sut.db, project.id);
    const asked = await settleGate(sut.db, { gateId: early, requested: 'approved' });
    expect([asked.status, asked.expiresMs > 3_000_000]).toEqual(['open', true]);
  });
});

describe('what was answered with yes', () => {
  it('is a cancellation of a run that then ends as cancelled, though it was done in the same moment [A-PIPE-03]', async () => {
    for (let round = 0; round < 6; round += 1) {
      const run = await makeRun(sut.db, project.id, { status: 'running' });
      const end = { pipelineId: run.id, status: 'success', error: null } as const;
      const [asked, ended] = await Promise.all([
        sut.call(people[0] ?? null, 'POST', `/api/v1/pipelines/${run.id}/cancel`, {}),
        finishRun(sut.db, end),
      ]);
      const { status } = await sut.db.pipeline.findUniqueOrThrow({ where: { id: run.id } });
      expect(status).toBe(asked.status < 300 ? 'cancelled' : 'success');
      expect(ended).toEqual({ status });
    }
  });

  it('is nothing that holds up a workflow whose run, rollout or gate is gone with its project [A-REC-01]', async () => {
    for (const status of ['success', 'failure', 'cancelled'] as const) {
      const end = { pipelineId: 'pl_gone', status, error: null };
      expect(await finishRun(sut.db, end)).toEqual({ status });
    }
    const gone = { syncId: 'sync_gone', outcome: 'succeeded', reason: null } as const;
    expect(await finishSync(sut.db, gone)).toEqual({ abortReason: null });
    for (const requested of [{}, { requested: 'void' }, { requested: 'expired' }] as const) {
      const now = await settleGate(sut.db, { gateId: 'gat_gone', ...requested });
      expect(now).toEqual({ status: 'void', expiresMs: 1, decisions: [] });
    }
  });

  it('is one pause: a second one is refused before the run has heard of the first [A-PIPE-03]', async () => {
    const run = await makeRun(sut.db, project.id, { status: 'running' });
    const ask = (what: string) =>
      sut.call(people[0] ?? null, 'POST', `/api/v1/pipelines/${run.id}/${what}`, {});
    const both = await Promise.all([ask('pause'), ask('pause')]);
    expect(both.map(({ status }) => status < 300).sort()).toEqual([false, true]);
    expect((await ask('resume')).status).toBeLessThan(300);
    expect((await ask('resume')).status).toBe(409);
  });

  it('by an API of the version before, which wrote no row, is taken up from its event while processes are replaced [A-REC-01]', async () => {
    const run = await makeRun(sut.db, project.id, { status: 'running' });
    const rowOf = () => sut.db.pipeline.findUniqueOrThrow({ where: { id: run.id } });
    const event = { subjectId: run.id, payload: { reason: 'wrong branch' } };
    await noteRequestOfBefore(sut.db, event, 'pause');
    expect(await rowOf()).toMatchObject({ pauseRequested: true, cancelRequestedAt: null });
    const inRow = { subjectId: run.id, payload: { reason: null, isInRow: true } };
    await noteRequestOfBefore(sut.db, inRow, 'resume');
    expect(await rowOf()).toMatchObject({ pauseRequested: true });
    await noteRequestOfBefore(sut.db, event, 'cancel');
    expect(await rowOf()).toMatchObject({ cancelReason: 'wrong branch' });
    const place = await sut.project(people[0] as TestAccount, 'aborted-before');
    const { id: syncId } = await makeOpenSync(sut.db, await makeDeployment(sut.db, place.id));
    await noteAbortOfBefore(sut.db, { payload: { syncId, reason: 'errors' } });
    const sync = await sut.db.deploymentSync.findUniqueOrThrow({ where: { id: syncId } });
    expect(sync).toMatchObject({ abortReason: 'errors', abortRequestedAt: expect.any(Date) });
  });

  it('is an abort of a rollout that then does not succeed [A-DEP-08]', async () => {
    const owner = people[0];
    if (owner === undefined) throw new Error('nobody');
    const caller = testCaller(owner.id, owner.name);
    for (let round = 0; round < 6; round += 1) {
      const place = await sut.project(owner, `aborted-${String(round)}`);
      const row = await makeDeployment(sut.db, place.id);
      const { id: syncId } = await makeOpenSync(sut.db, row);
      const input = { deploymentId: row.id, reason: 'errors' };
      const [abort, end] = await Promise.all([
        abortDeployment(sut.db, caller, input).then(
          () => true,
          () => false,
        ),
        finishSync(sut.db, { syncId, outcome: 'succeeded', reason: null }),
      ]);
      const sync = await sut.db.deploymentSync.findUniqueOrThrow({ where: { id: syncId } });
      expect(sync.status).toBe(abort ? 'running' : 'succeeded');
      expect(end.abortReason).toBe(abort ? 'errors' : null);
      await finishSync(sut.db, { syncId, outcome: 'undone', reason: 'errors' });
    }
  });
});
