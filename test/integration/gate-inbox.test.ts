import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeAnswerToken } from '../../domain/gate/answer-link.ts';
import { newId } from '../../domain/shared/new-id.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { makeGate, makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let other: TestAccount;
let project: { id: string; path: string };

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('gowner', 'admin');
  project = await sut.project(owner, 'gated');
  other = await sut.account('gother', `maintainer@${project.id}`);
});
afterAll(() => sut.stop());

const inbox = async (who: TestAccount, query = '?waiting=me') =>
  (await sut.call(who, 'GET', `/api/v1/gates${query}`)).body as {
    items: { id: string; [key: string]: unknown }[];
  };

describe('the inbox of gates', () => {
  it('holds what waits for this very caller, across projects, with the names of all that it speaks of', async () => {
    const run = await makeRun(sut.db, project.id, { status: 'running', triggeredBy: other.id });
    const gateId = await makeGate(sut.db, project.id, {
      pipelineId: run.id,
      requestedBy: other.id,
      quorum: 2,
    });
    const second = await sut.project(owner, 'elsewhere');
    const elsewhere = await makeGate(sut.db, second.id);
    const mine = await inbox(owner);
    expect(mine.items.map((gate) => gate.id)).toEqual([gateId, elsewhere]);
    expect(mine.items[0]).toMatchObject({
      project: { owner: 'gowner', name: 'gated' },
      subject: `#${String(run.number)}`,
      commitTitle: 'Mend the roof',
      requestedBy: { id: other.id, name: 'gother' },
      quorum: 2,
      approvals: 0,
      expiresAt: expect.any(String) as unknown,
    });
    expect((await inbox(other)).items.map((gate) => gate.id)).toEqual([gateId]);
    const viewer = await sut.account('gviewer', `viewer@${project.id}`);
    expect((await inbox(viewer)).items).toEqual([]);
    const body = { decision: 'approve', reason: 'fine' };
    const decided = await sut.call(other, 'POST', `/api/v1/gates/${gateId}/decision`, body);
    expect(decided.body).toMatchObject({ approvals: 1 });
    expect((await inbox(other)).items).toEqual([]);
    expect((await inbox(other, '')).items.map((gate) => gate.id)).toEqual([gateId]);
    const left = (await inbox(owner)).items.find((gate) => gate.id === gateId);
    expect(left).toMatchObject({
      approvals: 1,
      decisions: [{ deciderId: other.id, deciderName: 'gother', decision: 'approve' }],
    });
    const detail = await sut.call(owner, 'GET', `/api/v1/pipelines/${run.id}`);
    expect(detail.body).toMatchObject({ gates: [{ decisions: [{ deciderName: 'gother' }] }] });
  });
});

describe('the link in a mail', () => {
  const tokenFor = (gateId: string, userId: string, ms = 60_000) =>
    makeAnswerToken(sut.services.secretBox, {
      gateId,
      userId,
      expiresAt: new Date(Date.now() + ms),
    });
  const address = (gateId: string) => `/gates/${gateId}/answer`;
  const look = async (gateId: string, token: string, accept = 'text/html') =>
    await sut.app.request(`${address(gateId)}?token=${token}`, { headers: { accept } });
  const say = async (gateId: string, fields: Record<string, string>, accept = 'application/json') =>
    await sut.app.request(address(gateId), {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept },
      body: new URLSearchParams(fields).toString(),
    });
  const code = async (response: Response) => ((await response.json()) as { code: string }).code;

  it('opens a page, which changes nothing, and decides once, as the user it was sent to', async () => {
    const gateId = await makeGate(sut.db, project.id);
    const token = tokenFor(gateId, other.id);
    const page = await look(gateId, token);
    expect(page.status).toBe(200);
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    const text = await page.text();
    expect(text).toContain('gowner/gated');
    expect(text).toContain('<strong>gother</strong>');
    await look(gateId, token);
    expect(await sut.db.gateDecision.count({ where: { gateId } })).toBe(0);
    const fields = { token, decision: 'approve', reason: 'from the train' };
    const answers = await Promise.all([say(gateId, fields), say(gateId, fields)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const decisions = await sut.db.gateDecision.findMany({ where: { gateId } });
    expect(decisions).toMatchObject([
      { deciderId: other.id, decision: 'approve', reason: 'from the train' },
    ]);
    const [audit] = await sut.db.auditEntry.findMany({
      where: { action: 'gate.decided', resourceId: gateId },
    });
    expect(audit).toMatchObject({ actorId: other.id, actorName: 'gother' });
    expect(await code(await say(gateId, fields))).toBe('illegal_transition');
    expect(await (await look(gateId, token)).text()).toContain('was used already');
    const stored = JSON.stringify(await sut.db.gateLinkUse.findMany());
    expect(stored).not.toContain(token.slice(-20));
  });

  it('is refused when it is foreign, expired, changed, or its user may not decide any more', async () => {
    const gateId = await makeGate(sut.db, project.id);
    const elsewhere = await makeGate(sut.db, project.id);
    const good = tokenFor(gateId, other.id);
    const refuse = async (token: string, status: number, why: RegExp) => {
      for (const response of [
        await say(gateId, { token, decision: 'approve' }),
        await look(gateId, token, 'application/json'),
      ]) {
        expect(response.status).toBe(status);
        expect(((await response.json()) as { detail: string }).detail).toMatch(why);
      }
    };
    await refuse(tokenFor(elsewhere, other.id), 401, /not one of ours for this gate/);
    await refuse(tokenFor(gateId, other.id, -1), 401, /has expired/);
    await refuse(good.replace(other.id, owner.id), 401, /not one of ours/);
    await refuse('', 401, /not one of ours/);
    await refuse('a.b.c.d', 401, /not one of ours/);
    // Other spellings of the same signature would be other links, each good for once.
    for (const spelling of [`${good}!`, `${good}=`, `${good}.`])
      await refuse(spelling, 401, /not one of ours/);
    const leaver = await sut.account('gleaver', `maintainer@${project.id}`);
    const theirs = tokenFor(gateId, leaver.id);
    await sut.db.userRole.deleteMany({ where: { userId: leaver.id } });
    await refuse(theirs, 404, /may not see it/);
    await sut.db.user.update({ where: { id: leaver.id }, data: { isActive: false } });
    await refuse(theirs, 401, /not active/);
    const agent = newId('user');
    await sut.db.user.create({
      data: { id: agent, name: 'gagent', email: 'gagent@example.test', kind: 'agent' },
    });
    const { id: permissionId } = await sut.db.permission.findUniqueOrThrow({
      where: { name: 'pipeline:run' },
    });
    await sut.db.delegation.create({
      data: { id: newId('delegation'), delegatorId: other.id, delegateId: agent, permissionId },
    });
    const ofAgent = await makeGate(sut.db, project.id, { requestedBy: agent });
    const own = await say(ofAgent, { token: tokenFor(ofAgent, other.id), decision: 'approve' });
    expect([own.status, await code(own)]).toEqual([403, 'forbidden']);
    expect((await inbox(other)).items.map((gate) => gate.id)).not.toContain(ofAgent);
    expect((await say(gateId, { token: good, decision: 'perhaps' })).status).toBe(400);
    const long = await say(gateId, {
      token: good,
      decision: 'approve',
      reason: 'x'.repeat(20_000),
    });
    expect(long.status).toBe(413);
    expect(await sut.db.gateDecision.count({ where: { gateId } })).toBe(0);
    expect((await say(gateId, { token: good, decision: 'reject' })).status).toBe(200);
    expect(sut.errors).toEqual([]);
  });
});
