import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { GateBody } from '../../api/routes/pipeline/pipeline-body.ts';
import { decideGate } from '../../domain/gate/decide-gate.ts';
import { findDeciders } from '../../domain/gate/may-decide.ts';
import { openPipelineGate } from '../../domain/gate/open-gate.ts';
import { settleGate } from '../../domain/gate/settle-gate.ts';
import { finishRun } from '../../domain/pipeline/finish-run.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { testCaller } from '../support/callers.ts';
import { makeGate, makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let project: { id: string; path: string };
let counter = 0;

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('ruler', 'admin');
  project = await sut.project(owner, 'ruled');
});
afterAll(() => sut.stop());

const decide = (who: TestAccount, gateId: string, decision: string, reason?: string) =>
  sut.call(who, 'POST', `/api/v1/gates/${gateId}/decision`, { decision, reason });

const inbox = async (who: TestAccount, query = '?waiting=me') =>
  (
    (await sut.call(who, 'GET', `/api/v1/gates${query}`)).body as { items: { id: string }[] }
  ).items.map(({ id }) => id);

const person = (role = `maintainer@${project.id}`) =>
  sut.account(`ruled-${String((counter += 1))}`, role);

async function agent(...delegators: TestAccount[]): Promise<TestAccount> {
  const made = await person();
  await sut.db.user.update({ where: { id: made.id }, data: { kind: 'agent' } });
  const { id: permissionId } = await sut.db.permission.findUniqueOrThrow({
    where: { name: 'deploy:promote' },
  });
  for (const { id: delegatorId } of delegators) {
    const data = { id: newId('delegation'), delegatorId, delegateId: made.id, permissionId };
    await sut.db.delegation.create({ data });
  }
  return made;
}

const rollout = (step = 'sync', more: object = {}) =>
  makeGate(sut.db, project.id, { rollout: { step, syncId: newId('deploymentSync') }, ...more });

describe('who decides at a gate', () => {
  it('of a rollout is whoever may read deployments and promote: ops alone is enough, in the inbox, by mail and by decision [A-DEP-11] [A-NOT-02]', async () => {
    const ops = await person(`ops@${project.id}`);
    const gateId = await rollout();
    const ofRun = await makeGate(sut.db, project.id);
    const seen = await inbox(ops);
    expect(seen).toContain(gateId);
    expect(seen).not.toContain(ofRun);
    const gate = await sut.db.gate.findUniqueOrThrow({ where: { id: gateId } });
    expect(await findDeciders(sut.db, gate)).toContain(ops.id);
    expect((await decide(ops, gateId, 'approve')).status).toBe(200);
    expect((await decide(ops, ofRun, 'approve')).status).toBe(404);
  });

  it('is nobody behind the agent that asked, however many agents stand between, nor another agent of theirs [A-RBAC-18]', async () => {
    const boss = await person();
    const first = await agent(boss);
    const second = await agent(first);
    const other = await agent(boss);
    const stranger = await person();
    const gateId = await makeGate(sut.db, project.id, { requestedBy: second.id });
    const gate = await sut.db.gate.findUniqueOrThrow({ where: { id: gateId } });
    const deciders = await findDeciders(sut.db, gate);
    for (const barred of [boss, first, second, other]) {
      const answer = await decide(barred, gateId, 'approve');
      expect([answer.status, answer.body]).toMatchObject([403, { code: 'forbidden' }]);
      expect(await inbox(barred)).not.toContain(gateId);
      expect(deciders).not.toContain(barred.id);
    }
    expect(deciders).toContain(stranger.id);
    expect(await inbox(stranger)).toContain(gateId);
    expect((await decide(stranger, gateId, 'approve')).status).toBe(200);
  });

  it('has one voice with the agents that act for them, and may still reject [A-PIPE-03] [A-RBAC-18]', async () => {
    const boss = await person();
    const helper = await agent(await agent(boss));
    const gateId = await makeGate(sut.db, project.id, { quorum: 2 });
    expect((await decide(helper, gateId, 'approve')).status).toBe(200);
    expect(await inbox(boss)).not.toContain(gateId);
    for (const word of ['approve', 'skip']) {
      const second = await decide(boss, gateId, word);
      expect(second).toMatchObject({
        status: 409,
        body: {
          code: 'conflict',
          detail: `${helper.name} has decided for the same person already: approve. A person and their agents have one voice.`,
        },
      });
    }
    expect((await decide(boss, gateId, 'reject', 'not today')).status).toBe(200);
    const ofBoss = await makeGate(sut.db, project.id, { quorum: 2 });
    expect((await decide(boss, ofBoss, 'approve')).status).toBe(200);
    expect((await decide(helper, ofBoss, 'approve')).status).toBe(409);
    expect((await decide(await person(), ofBoss, 'approve')).status).toBe(200);
    expect(await sut.db.gateDecision.count({ where: { gateId: ofBoss } })).toBe(2);
  });

  it('approves or rejects a rollout, and skips its pruning only [A-DEP-11] [A-PIPE-03]', async () => {
    const sync = await rollout('sync');
    expect(await decide(owner, sync, 'skip')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', errors: [{ pointer: '#/decision' }] },
    });
    expect(await sut.db.gateDecision.count({ where: { gateId: sync } })).toBe(0);
    expect((await decide(owner, await rollout('prune'), 'skip')).status).toBe(200);
  });
});

describe('a voice at a gate', () => {
  /** as the answer to whoever decides has it: `1 of 2`, and who does not count */
  const shown = ({ body }: { body: unknown }) => {
    const { approvals, status, decisions } = body as GateBody;
    const lapsed = decisions.filter((one) => !one.isCounted).map(({ deciderId }) => deciderId);
    return { status, approvals, lapsed };
  };
  const lose = (who: TestAccount) => sut.db.userRole.deleteMany({ where: { userId: who.id } });
  const kinds = {
    'of a run': () => makeGate(sut.db, project.id, { quorum: 2 }),
    'of a rollout': () => rollout('sync', { quorum: 2 }),
  };

  it.each(Object.entries(kinds))(
    '%s counts while its person may decide there, and a gate that was closed stays closed [A-PIPE-03] [A-RBAC-18]',
    async (_kind, open) => {
      const gateId = await open();
      const [gone, first, second] = [await person(), await person(), await person()];
      expect(shown(await decide(gone, gateId, 'approve'))).toMatchObject({ approvals: 1 });
      await lose(gone);
      const lapsed = [gone.id];
      const now = shown(await decide(first, gateId, 'approve'));
      expect(now).toEqual({ status: 'open', approvals: 1, lapsed });
      expect(await settleGate(sut.db, { gateId })).toMatchObject({ status: 'open' });
      const ended = shown(await decide(second, gateId, 'approve'));
      expect(ended).toEqual({ status: 'approved', approvals: 2, lapsed });
      await lose(first);
      expect(await settleGate(sut.db, { gateId })).toMatchObject({ status: 'approved' });
    },
  );

  it('counts no more when only the permission to read is left, or only that to decide [A-PIPE-03]', async () => {
    const { id: roleId } = await sut.db.role.findUniqueOrThrow({ where: { name: 'viewer' } });
    const gateId = await makeGate(sut.db, project.id, { quorum: 2 });
    const reader = await person();
    await decide(reader, gateId, 'approve');
    await sut.db.userRole.updateMany({ where: { userId: reader.id }, data: { roleId } });
    const other = await decide(await person(), gateId, 'approve');
    expect(shown(other)).toEqual({ status: 'open', approvals: 1, lapsed: [reader.id] });
    // ops may promote and read deployments, and reads no pipeline
    const ops = await sut.db.role.findUniqueOrThrow({ where: { name: 'ops' } });
    await sut.db.userRole.updateMany({ where: { userId: reader.id }, data: { roleId: ops.id } });
    expect(await settleGate(sut.db, { gateId })).toMatchObject({ status: 'open' });
  });

  it('ends with the delegation that gave it, and its delegator then speaks for themselves; given anew it is one voice with theirs [A-PIPE-03] [A-RBAC-18]', async () => {
    const boss = await person();
    const helper = await agent(boss);
    await lose(helper);
    const given = { where: { delegateId: helper.id } };
    const { id: permissionId } = await sut.db.permission.findUniqueOrThrow({
      where: { name: 'deploy:read' },
    });
    const reads = { delegatorId: boss.id, delegateId: helper.id, permissionId };
    await sut.db.delegation.create({ data: { id: newId('delegation'), ...reads } });
    await sut.db.delegation.updateMany({ ...given, data: { projectId: project.id } });
    const gateId = await rollout('sync', { quorum: 2 });
    expect((await decide(helper, gateId, 'approve')).status).toBe(200);
    expect((await decide(boss, gateId, 'approve')).status).toBe(409);
    const expire = (expiresAt: Date | null) =>
      sut.db.delegation.updateMany({ ...given, data: { expiresAt } });
    await expire(new Date(Date.now() - 1000));
    const own = { status: 'open', approvals: 1, lapsed: [helper.id] };
    expect(shown(await decide(boss, gateId, 'approve'))).toEqual(own);
    await expire(null);
    expect(await settleGate(sut.db, { gateId })).toMatchObject({ status: 'open' });
  });

  it('that counts again is heard when anybody repeats theirs, and what waits is woken [A-PIPE-03]', async () => {
    const gateId = await makeGate(sut.db, project.id, { quorum: 2 });
    const [back, other] = [await person(), await person()];
    await decide(back, gateId, 'approve');
    const bindings = await sut.db.userRole.findMany({ where: { userId: back.id } });
    await lose(back);
    await decide(other, gateId, 'approve');
    await sut.db.userRole.createMany({ data: bindings });
    expect(shown(await decide(other, gateId, 'approve'))).toMatchObject({ status: 'approved' });
    const woken = { type: 'gate.decided', subjectId: gateId } as const;
    expect(await sut.db.event.count({ where: woken })).toBe(3);
  });

  it('of whoever may decide by the claims of their JWT alone counts while their account is active [A-PIPE-03]', async () => {
    const gateId = await makeGate(sut.db, project.id, { quorum: 2 });
    const [claimer, other] = [await sut.account('claimer'), await person()];
    const caller = testCaller(claimer.id);
    const claimedPermissions = ['deploy:promote', 'pipeline:read'];
    const principal = { ...caller.principal, claimedPermissions };
    const said = { gateId, decision: 'approve', reason: null } as const;
    await decideGate(sut.db, { ...caller, principal }, said);
    expect(shown(await decide(other, gateId, 'approve'))).toMatchObject({ status: 'approved' });
  });
});

describe('the inbox', () => {
  it('hides nothing of theirs behind hundreds of older gates that others decide [A-PIPE-03]', async () => {
    const crowded = await sut.project(owner, 'crowded');
    const like = await sut.db.gate.findUniqueOrThrow({
      where: { id: await makeGate(sut.db, crowded.id) },
    });
    await sut.db.gate.createMany({
      data: Array.from({ length: 205 }, (_, index) => ({
        ...like,
        id: newId('gate'),
        step: `many-${String(index)}`,
        createdAt: new Date(0),
      })),
    });
    const one = await sut.project(owner, 'quiet');
    const decider = await sut.account('patient', `maintainer@${one.id}`, 'viewer');
    const mine = await makeGate(sut.db, one.id);
    expect(await inbox(decider)).toEqual([mine]);
    expect(await inbox(decider, '')).toEqual([mine]);
    expect(await inbox(owner)).toHaveLength(200);
  });
});

describe('a gate that nobody waits at any more', () => {
  const gated = (name: string): Prisma.InputJsonObject => ({
    steps: [{ name, gate: { approvals: 2, by: 'deploy:promote', expiresMs: 3_600_000 } }],
  });

  /** A run that has come to its gate `approve`. */
  async function waiting(more: Prisma.PipelineUncheckedUpdateInput = {}, place = project.id) {
    const { id } = await makeRun(sut.db, place, {
      status: 'running',
      steps: { approve: 'pending' },
    });
    await sut.db.pipeline.update({
      where: { id },
      data: { definition: gated('approve'), ...more },
    });
    return id;
  }
  const open = async (pipelineId: string) =>
    await openPipelineGate(sut.db, { pipelineId, step: 'approve', workflowId: `w:${pipelineId}` });
  const statusOf = async (id: string) =>
    (await sut.db.gate.findUniqueOrThrow({ where: { id } })).status;
  const stepOf = (pipelineId: string) =>
    sut.db.pipelineStep.findFirstOrThrow({ where: { pipelineId, name: 'approve' } });

  it('is void as soon as its run has ended, also when it is opened afterwards [A-PIPE-03] [A-REC-01]', async () => {
    const run = await waiting({ gitRef: 'refs/heads/ended' });
    const { gateId } = await open(run);
    await finishRun(sut.db, { pipelineId: run, status: 'cancelled', error: null });
    expect(await statusOf(gateId)).toBe('void');
    expect(await stepOf(run)).toMatchObject({ status: 'cancelled', reason: 'the run has ended' });
    expect((await decide(owner, gateId, 'approve')).body).toMatchObject({
      code: 'illegal_transition',
    });
    const late = await waiting({ gitRef: 'refs/heads/ended', status: 'cancelled' });
    expect(await open(late)).toMatchObject({ status: 'void' });
    expect(await inbox(owner, '')).not.toContain((await open(late)).gateId);
  });

  it('leaves the steps of a run alone when it was a rollout’s [A-PIPE-03]', async () => {
    const run = await waiting({ gitRef: 'refs/heads/alone' });
    const gateId = await makeGate(sut.db, project.id, {
      rollout: { step: 'approve', syncId: run },
    });
    await settleGate(sut.db, { gateId, requested: 'void' });
    expect(await statusOf(gateId)).toBe('void');
    expect(await stepOf(run)).toMatchObject({ status: 'pending' });
  });

  it('is void when a newer run of its branch waits at the same step, and the run hears of it with the reason [A-PIPE-03]', async () => {
    const place = (await sut.project(owner, 'overtaken')).id;
    const topic = { gitRef: 'refs/heads/topic' };
    const request = newId('mergeRequest');
    const ofRequest = { ...topic, trigger: 'mr', dedupeKey: `mr:${request}:${'a'.repeat(40)}` };
    const older = await waiting(topic, place);
    const beside = await waiting(ofRequest, place);
    const elsewhere = await waiting({ gitRef: 'refs/heads/other' }, place);
    const newer = await waiting(topic, place);
    const { number } = await sut.db.pipeline.findUniqueOrThrow({ where: { id: newer } });
    const gates = [older, beside, elsewhere, newer].map(open);
    const [first, ...others] = (await Promise.all(gates)).map(({ gateId }) => gateId);
    for (const gateId of others) expect(await statusOf(gateId)).toBe('open');
    expect(await statusOf(first ?? '')).toBe('void');
    const reason = `pipeline #${String(number)} waits here instead`;
    expect(await stepOf(older)).toMatchObject({ status: 'cancelled', reason });
    const heard = await sut.db.event.findMany({
      where: { type: 'gate.decided', subjectId: first ?? '' },
    });
    expect(heard).toMatchObject([
      { payload: { workflowId: `w:${older}`, decision: 'void', reason, deciderId: 'system' } },
    ]);
  });

  it('goes its way when it had all its voices before versions closed it with the last one [A-PIPE-03]', async () => {
    const place = (await sut.project(owner, 'decided')).id;
    const { gateId } = await open(await waiting({}, place));
    for (const deciderId of [owner.id, (await person(`maintainer@${place}`)).id]) {
      const said = { gateId, deciderId, decision: 'approve', reason: null };
      await sut.db.gateDecision.create({ data: { id: newId('decision'), ...said } });
    }
    await open(await waiting({}, place));
    expect(await statusOf(gateId)).toBe('approved');
  });
});
