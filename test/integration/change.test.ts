import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { holds } from '../support/eventually.ts';
import { makeGate, makeRun } from '../support/notify-steps.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let outsider: TestAccount;
let project: { id: string; path: string };
const changeId = newId('change');
let run: { id: string; number: number };

interface Entry {
  kind: string;
  state: string | null;
  at: string;
  title: string;
  [key: string]: unknown;
}

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('cowner', 'admin');
  outsider = await sut.account('coutsider');
  project = await sut.project(owner, 'told');
  const { db } = sut;
  await db.push.create({
    data: {
      id: newId('push'),
      projectId: project.id,
      changeId,
      pusherId: owner.id,
      updates: [{ ref: 'refs/heads/main', oldSha: '0'.repeat(40), newSha: '1'.repeat(40) }],
    },
  });
  run = await makeRun(db, project.id, {
    status: 'running',
    changeId,
    triggeredBy: owner.id,
    steps: { build: 'success', approve: 'waiting' },
  });
  await inTransaction(db, (tx) =>
    publishEvent(tx, {
      type: 'pipeline.pause_requested',
      projectId: project.id,
      changeId,
      actorId: owner.id,
      subjectId: run.id,
      message: 'cowner pauses it',
    }),
  );
});
afterAll(() => sut.stop());

async function repaired(ofChange: string, payload: { kind: string; command?: string }) {
  await inTransaction(sut.db, (tx) =>
    publishEvent(tx, {
      type: 'engine.state_repaired',
      projectId: project.id,
      changeId: ofChange,
      message: `a ${payload.kind} was repaired`,
      payload: { ...payload, dbStatus: 'idle', engineStatus: 'absent' },
    }),
  );
}

const read = (who: TestAccount | null, id = changeId) =>
  sut.call(who, 'GET', `/api/v1/changes/${id}`);

describe('the story of a change', () => {
  it('is one timeline of push, runs with their steps, gates and decisions, each with its state and who did it', async () => {
    const gateId = await makeGate(sut.db, project.id, {
      pipelineId: run.id,
      changeId,
      requestedBy: owner.id,
    });
    expect((await read(owner)).body).toMatchObject({
      changeId,
      title: 'Mend the roof',
      state: 'waiting',
      line: expect.stringMatching(/^waits at approve/) as unknown,
      projects: [{ owner: 'cowner', name: 'told' }],
    });
    const body = { decision: 'approve', reason: 'go' };
    await sut.call(owner, 'POST', `/api/v1/gates/${gateId}/decision`, body);
    await sut.db.gate.update({
      where: { id: gateId },
      data: { status: 'approved', closedAt: new Date() },
    });
    const { entries } = (await read(owner)).body as { entries: Entry[] };
    const kinds = entries.map((entry) => entry.kind);
    expect(kinds.filter((kind) => kind !== 'event')).toEqual([
      'push',
      'pipeline',
      'gate',
      'decision',
    ]);
    const times = entries.map((entry) => entry.at);
    expect(times).toEqual([...times].sort());
    const find = (kind: string) => entries.find((entry) => entry.kind === kind);
    expect(find('push')).toMatchObject({ title: 'Pushed main', actor: { name: 'cowner' } });
    expect(find('pipeline')).toMatchObject({
      state: 'running',
      link: `/pipelines/${run.id}`,
      detail: { steps: [{ name: 'build', status: 'success' }, { name: 'approve' }] },
    });
    expect(find('gate')).toMatchObject({
      state: 'approved',
      durationMs: expect.any(Number) as unknown,
    });
    expect(find('decision')).toMatchObject({
      state: 'approve',
      actor: { id: owner.id, name: 'cowner' },
      detail: { reason: 'go' },
    });
    expect(find('event')).toMatchObject({ title: 'cowner pauses it' });
  });

  it('is 404 for whoever may see none of it, and for one that is not there', async () => {
    for (const who of [outsider, null]) {
      const answer = await read(who);
      expect([answer.status, answer.body]).toMatchObject([404, { code: 'not_found' }]);
    }
    expect((await read(owner, newId('change'))).status).toBe(404);
  });

  it('holds a merge request, deployments with their gates, repairs and rollbacks, the latter for those who may see deployments [A-RBAC-09]', async () => {
    const { db } = sut;
    const mine = newId('change');
    await db.mergeRequest.create({
      data: {
        id: newId('mergeRequest'),
        projectId: project.id,
        number: 7,
        authorId: owner.id,
        sourceBranch: 'roof',
        targetBranch: 'main',
        title: 'A new roof',
        headSha: '0'.repeat(40),
        changeId: mine,
      },
    });
    const deploymentId = newId('deployment');
    await db.deployment.create({
      data: {
        id: deploymentId,
        projectId: project.id,
        environment: 'staging',
        imageRef: 'app:1',
      },
    });
    const revisionId = newId('deploymentRecord');
    await db.deploymentRevision.create({
      data: {
        id: revisionId,
        deploymentId,
        number: 1,
        contentKey: 'k',
        imageRef: 'app:1',
        manifestsRef: 'm',
      },
    });
    const syncId = newId('deploymentSync');
    await db.deploymentSync.create({
      data: {
        id: syncId,
        deploymentId,
        projectId: project.id,
        number: 1,
        generation: 1,
        revisionId,
        action: 'deploy',
        status: 'undone',
        reason: 'a probe failed',
        changeId: mine,
        finishedAt: new Date(Date.now() + 1_000),
      },
    });
    const story = (await read(owner, mine)).body as { entries: Entry[] };
    expect(story).toMatchObject({ state: 'rolled_back', line: 'was rolled back in staging' });
    expect(story.entries.map((entry) => [entry.kind, entry.state])).toEqual([
      ['merge_request', 'open'],
      ['deployment', 'undone'],
      ['rollback', 'undone'],
    ]);
    const reader = await sut.account('creader', `agent@${project.id}`);
    const { id: permissionId } = await db.permission.findUniqueOrThrow({
      where: { name: 'project:read' },
    });
    await db.delegation.create({
      data: {
        id: newId('delegation'),
        delegatorId: owner.id,
        delegateId: reader.id,
        permissionId,
        projectId: project.id,
      },
    });
    const gateId = await makeGate(db, project.id, {
      changeId: mine,
      rollout: { step: 'sync', syncId },
      requestedBy: owner.id,
    });
    expect((await read(owner, mine)).body).toMatchObject({ state: 'waiting' });
    const said = { decision: 'approve', reason: 'the night shift knows' };
    await sut.call(owner, 'POST', `/api/v1/gates/${gateId}/decision`, said);
    await repaired(mine, { kind: 'deployment' });
    await repaired(mine, { kind: 'command', command: 'deployment.desired_changed' });
    await repaired(mine, { kind: 'pipeline' });
    // Events come once nobody publishes any more who began before them.
    await holds(async () => {
      const whole = JSON.stringify((await read(owner, mine)).body);
      expect(whole).toContain(said.reason);
      for (const kind of ['deployment', 'command', 'pipeline']) {
        expect(whole).toContain(`a ${kind} was repaired`);
      }
    });
    const ofReader = (await read(reader, mine)).body as { entries: Entry[] };
    expect(ofReader).toMatchObject({ state: 'open', line: '!7 is open' });
    expect(ofReader.entries.map(({ kind, title }) => [kind, title])).toEqual([
      ['merge_request', '!7 A new roof'],
      ['event', 'a pipeline was repaired'],
    ]);
    const seen = await sut.call(reader, 'GET', `${project.path}/changes?limit=1`);
    expect(seen.body).toMatchObject({ items: [{ changeId: mine, state: 'open' }] });
    await db.gate.delete({ where: { id: gateId } });
    const list = await sut.call(owner, 'GET', `${project.path}/changes?limit=1`);
    const first = list.body as { items: { changeId: string }[]; nextCursor: string };
    expect(first.items).toMatchObject([
      {
        changeId: mine,
        line: 'was rolled back in staging',
        mergeRequest: { number: 7 },
        environments: [{ environment: 'staging', status: 'undone' }],
      },
    ]);
    expect(list.headers.get('link')).toContain('rel="next"');
    const rest = await sut.call(owner, 'GET', `${project.path}/changes?cursor=${first.nextCursor}`);
    expect((rest.body as { items: unknown[] }).items).toMatchObject([
      { changeId, state: 'running', branch: 'main', actor: { name: 'cowner' } },
    ]);
  });
});
