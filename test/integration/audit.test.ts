import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type AuditInput, writeAudit } from '../../domain/audit/write-audit.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { createTestProject, createTestUser, testCaller } from '../support/callers.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

let test: TestDatabase;
let api: TestApi;
let token: string;

beforeAll(async () => {
  test = await createTestDatabase();
  api = await startTestApi(test);
  const auditor = await createTestUser(test.db);
  await bindTestRole(test.db, auditor.id, 'admin');
  token = (await createTestToken(test.db, auditor.id)).token;
});

afterAll(async () => {
  await api.stop();
  await test.drop();
});

function write(input: AuditInput, caller = testCaller()): Promise<string> {
  return inTransaction(test.db, (tx) => writeAudit(tx, caller, input));
}

interface Page {
  items: {
    id: string;
    action: string;
    detail: unknown;
    actorName: string;
    projectId: string | null;
  }[];
  nextCursor: string | null;
}

async function list(query: string): Promise<Page> {
  const response = await api.get(`/api/v1/audit${query}`, token);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
}

describe('the audit log', () => {
  it('keeps who acted by name when the user is deleted, and the row when the project is [A-AUD-01]', async () => {
    const user = await createTestUser(test.db);
    const project = await createTestProject(test.db, user.id);
    const input = { action: 'project.created', resource: 'project', resourceId: project.id };
    const detail = { old: null, new: { name: project.name } };
    const id = await write({ ...input, projectId: project.id, detail }, user.caller);
    const row = () => test.db.auditEntry.findUniqueOrThrow({ where: { id } });
    expect(await row()).toMatchObject({
      ...input,
      actorId: user.id,
      actorName: user.name,
      projectId: project.id,
      ipAddr: '192.0.2.7',
      detail,
    });
    await test.db.project.delete({ where: { id: project.id } });
    await test.db.user.delete({ where: { id: user.id } });
    expect(await row()).toMatchObject({ actorName: user.name, projectId: null });
    const verification = await api.get('/api/v1/audit/verification', token);
    expect(await verification.json()).toMatchObject({ ok: true, firstBreak: null });
  });

  it('names the agent and on whose behalf it acted [A-AUD-01]', async () => {
    const caller = testCaller('usr_agent', 'robot');
    const agent = { ...caller, principal: { ...caller.principal, actChain: ['usr_person'] } };
    const id = await write({ action: 'gate.decided', resource: 'gate' }, agent);
    const row = await test.db.auditEntry.findUniqueOrThrow({ where: { id } });
    expect(row.actChain).toEqual(['usr_person']);
  });

  it('refuses to be changed, by whatever statement [A-AUD-03]', async () => {
    await write({ action: 'user.created', resource: 'user' });
    const refused = async (sql: string) =>
      expect(test.db.$executeRawUnsafe(sql)).rejects.toThrow(/is append-only|grows by one/);
    await refused(`UPDATE audit_log SET action = 'user.read'`);
    await refused(`UPDATE audit_log SET project_id = 'prj_other'`);
    await refused(`UPDATE audit_log SET project_id = NULL, detail = '{}', actor_name = 'nobody'`);
    await refused('DELETE FROM audit_log');
    await refused('TRUNCATE audit_log');
    await refused('DELETE FROM audit_head');
    await refused(`UPDATE audit_head SET count = 0`);
    await refused(`SET session_replication_role = replica; DELETE FROM audit_log`);
  });

  it('has no operation that changes or deletes [A-AUD-03]', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      for (const path of ['/api/v1/audit', '/api/v1/audit/verification']) {
        const headers = { authorization: `Bearer ${token}` };
        expect((await fetch(api.baseUrl + path, { method, headers })).status).toBe(405);
      }
    }
  });

  it('is read newest first, by actor, resource and action, page by page [A-AUD-04]', async () => {
    const one = testCaller();
    const two = testCaller();
    const written: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      written.unshift(
        await write({ action: 'issue.created', resource: 'issue', resourceId: `i${i}` }, one),
      );
    }
    await write({ action: 'issue.closed', resource: 'issue', resourceId: 'i4' }, two);
    const actor = `actor=${one.principal.userId}`;
    const first = await list(`?${actor}&limit=3`);
    const second = await list(`?${actor}&limit=3&cursor=${first.nextCursor ?? ''}`);
    expect([...first.items, ...second.items].map((item) => item.id)).toEqual(written);
    expect(second.nextCursor).toBeNull();
    const ofIssue = await list('?resource=issue&resourceId=i4');
    expect(ofIssue.items.map((item) => item.action)).toEqual(['issue.closed', 'issue.created']);
    expect((await list('?action=issue.closed')).items).toHaveLength(1);
    // every word is somewhere in the row, as it is written, and the server looks at all rows
    const found = async (q: string): Promise<unknown[]> =>
      (await list(`?q=${encodeURIComponent(q)}&limit=1`)).items.map((item) => item.action);
    expect(await found('issue CLOSED i4')).toEqual(['issue.closed']);
    expect(await found('issue_closed')).toEqual([]);
    expect(await found('issue.created i0')).toEqual(['issue.created']);
    const response = await api.get(`/api/v1/audit?${actor}&limit=1`, token);
    expect(response.headers.get('link')).toMatch(/^<\/api\/v1\/audit\?.*cursor=\w+>; rel="next"$/);
    expect((await api.get('/api/v1/audit?cursor=nonsense', token)).status).toBe(400);
  });

  it('is shown only to whoever may read it [A-AUD-04]', async () => {
    const user = await createTestUser(test.db);
    const plain = (await createTestToken(test.db, user.id)).token;
    for (const path of ['/api/v1/audit', '/api/v1/audit/verification']) {
      expect((await api.get(path, plain)).status).toBe(403);
      expect((await fetch(api.baseUrl + path)).status).toBe(401);
    }
  });

  it('holds no value of a secret, at whatever depth it was passed in [A-AUD-04]', async () => {
    const canary = 'canary-2f9d';
    const token46 = `slp_${'a'.repeat(46)}`;
    const id = await write({
      action: 'secret.created',
      resource: 'secret',
      detail: {
        name: 'NPM_TOKEN',
        password: canary,
        new: { apiKey: canary, client_secret: canary, list: [{ accessToken: canary }] },
        text: `made with ${token46}`,
        tokenId: 'tok_1',
        secretVersion: 3,
      },
    });
    const row = await test.db.auditEntry.findUniqueOrThrow({ where: { id } });
    const text = JSON.stringify(row.detail);
    expect(text).not.toContain(canary);
    expect(text).not.toContain(token46);
    expect(row.detail).toMatchObject({ name: 'NPM_TOKEN', tokenId: 'tok_1', secretVersion: 3 });
  });

  it('takes odd text and an address that is none [A-AUD-01]', async () => {
    const caller = testCaller('usr_odd', 'odd');
    const odd = { ...caller, request: { ...caller.request, ipAddr: 'not an address' } };
    const id = await write(
      { action: 'user.updated', resource: 'user', detail: { a: 'x\0y\ud800' } },
      odd,
    );
    const row = await test.db.auditEntry.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ ipAddr: null, detail: { a: 'x\uFFFDy\uFFFD' } });
    const v6 = { ...caller, request: { ...caller.request, ipAddr: '2001:DB8:0::1' } };
    await write(
      { action: 'user.updated', resource: 'user', detail: { n: 1e21, f: 0.1, z: -0 } },
      v6,
    );
    const verification = await api.get('/api/v1/audit/verification', token);
    expect(await verification.json()).toMatchObject({ ok: true });
  });
});
