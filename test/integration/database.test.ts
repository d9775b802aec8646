import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { writeAudit } from '../../domain/audit/write-audit.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { seedAccess } from '../../prisma/seed.ts';
import { createTestProject, createTestUser, testCaller } from '../support/callers.ts';
import { queryOnce as query } from '../support/query-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

describe('the database', () => {
  let test: TestDatabase;
  let owner: { id: string };
  let project: { id: string };

  beforeAll(async () => {
    test = await createTestDatabase();
    owner = await createTestUser(test.db);
    project = await createTestProject(test.db, owner.id);
  });
  afterAll(() => test.drop());

  const run = (sql: string) => query(test.url, sql);
  const epoch = async () =>
    (await test.db.accessEpoch.findUniqueOrThrow({ where: { id: 1 } })).epoch;

  it('holds the tables of every module [A-CORE-05]', async () => {
    const rows = await query<{ tablename: string }>(
      test.url,
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`,
    );
    const ofModules =
      'users sessions roles delegations projects issues comments webhooks merge_requests mr_reviews ' +
      'agent_sessions agent_messages pipelines pipeline_steps artifacts ops_repos deployments ' +
      'deployment_history traces spans log_entries metric_series metric_samples alert_rules alert_events ' +
      'secrets notifications audit_log events';
    const wanted = ofModules.replace('sessions', 'auth_sessions').split(' ');
    expect(rows.map(({ tablename }) => tablename)).toEqual(expect.arrayContaining(wanted));
  });

  it('keeps every time with its zone, and every id as text with a prefix [A-CORE-11]', async () => {
    const naive = await run(
      `SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'timestamp without time zone'`,
    );
    expect(naive).toEqual([]);
    const ids = Array.from({ length: 5_000 }, () => newId('project'));
    expect(ids[0]).toMatch(/^prj_[0-9a-hjkmnp-tv-z]{26}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
  });

  it('moves updated_at on any change of a row, also by hand [A-CORE-08]', async () => {
    const issue = newId('issue');
    const mr = newId('mergeRequest');
    await test.db.issue.create({
      data: { id: issue, projectId: project.id, number: 1, authorId: owner.id, title: 'a' },
    });
    await test.db.comment.create({
      data: {
        id: newId('comment'),
        projectId: project.id,
        issueId: issue,
        authorId: owner.id,
        body: 'a',
      },
    });
    const branches = {
      sourceBranch: 'a',
      targetBranch: 'b',
      headSha: '0'.repeat(40),
      changeId: newId('change'),
    };
    await test.db.mergeRequest.create({
      data: {
        id: mr,
        projectId: project.id,
        number: 1,
        authorId: owner.id,
        title: 'a',
        ...branches,
      },
    });
    await test.db.deployment.create({
      data: { id: newId('deployment'), projectId: project.id, imageRef: 'a' },
    });
    await test.db.metricSeries.create({ data: { id: newId('metricSeries'), name: 'a' } });
    await test.db.secret.create({
      data: { id: newId('secret'), name: 'A', keyId: 'k', encryptedValue: new Uint8Array(1) },
    });
    const columns = {
      users: 'display_name',
      projects: 'description',
      issues: 'body',
      comments: 'body',
      merge_requests: 'body',
      deployments: 'manifest_path',
      metric_series: 'unit',
      secrets: 'environment',
    };
    for (const [table, column] of Object.entries(columns)) {
      const rows = await run(
        `WITH before AS (SELECT id, updated_at FROM ${table})
         UPDATE ${table} t SET ${column} = 'changed' FROM before b WHERE b.id = t.id
         RETURNING t.updated_at > b.updated_at AS moved`,
      );
      expect([table, rows.length > 0, rows.every((row) => row['moved'] === true)]).toEqual([
        table,
        true,
        true,
      ]);
    }
  });

  it.each([
    ['users', 'kind'],
    ['projects', 'visibility'],
    ['issues', 'status'],
    ['merge_requests', 'status'],
    ['mr_reviews', 'verdict'],
    ['agent_sessions', 'status'],
    ['agent_messages', 'role'],
    ['pipelines', 'status'],
    ['pipelines', 'trigger'],
    ['pipeline_steps', 'status'],
    ['pipeline_steps', 'kind'],
    ['gates', 'status'],
    ['gate_decisions', 'decision'],
    ['deployments', 'environment'],
    ['deployments', 'desired_status'],
    ['deployments', 'current_status'],
    ['deployment_history', 'action'],
    ['deployment_history', 'status'],
    ['traces', 'status'],
    ['spans', 'kind'],
    ['spans', 'status'],
    ['log_entries', 'level'],
    ['metric_series', 'metric_type'],
    ['alert_rules', 'severity'],
    ['alert_events', 'status'],
    ['secrets', 'scope'],
    ['notifications', 'channel'],
    ['notifications', 'status'],
  ])('refuses a value of %s.%s outside its closed set [A-CORE-09]', async (table, column) => {
    // The whole row is left out but for this column: a check comes before a missing value only if it exists.
    const [row] = await query<{ definition: string }>(
      test.url,
      `SELECT pg_get_constraintdef(oid) AS definition FROM pg_constraint
        WHERE conname = '${table}_${column}_check' AND conrelid = '${table}'::regclass AND convalidated`,
    );
    expect(row?.definition).toMatch(/^CHECK \(\(+"?\w+"? = ANY/);
    const copy = `CREATE TEMP TABLE copy (${column} text, ${(row?.definition ?? '').trim()});`;
    await expect(run(`${copy} INSERT INTO copy VALUES ('no such word')`)).rejects.toThrow(/check/);
  });

  it('refuses an unknown status of a stored run by direct SQL [A-CORE-09]', async () => {
    const change = { changeId: 'chg_1', trigger: 'push', gitRef: 'refs/heads/main' };
    await test.db.pipeline.create({
      data: { id: newId('pipeline'), projectId: project.id, number: 1, ...change },
    });
    await expect(run(`UPDATE pipelines SET status = 'done'`)).rejects.toThrow(
      'violates check constraint "pipelines_status_check"',
    );
  });

  it('has one binding, one secret and one live delegation of a kind, global ones too [A-CORE-05]', async () => {
    const role = await test.db.role.findFirstOrThrow();
    const permission = await test.db.permission.findFirstOrThrow();
    const bind = () =>
      test.db.userRole.create({
        data: { id: newId('binding'), userId: owner.id, roleId: role.id },
      });
    await bind();
    await expect(bind()).rejects.toMatchObject({ code: 'P2002' });
    const secret = () =>
      test.db.secret.create({
        data: { id: newId('secret'), name: 'TWICE', keyId: 'k', encryptedValue: new Uint8Array(1) },
      });
    await secret();
    await expect(secret()).rejects.toMatchObject({ code: 'P2002' });
    const delegate = await createTestUser(test.db);
    const ids = { delegatorId: owner.id, delegateId: delegate.id, permissionId: permission.id };
    const delegation = () =>
      test.db.delegation.create({ data: { id: newId('delegation'), ...ids } });
    const first = await delegation();
    await expect(delegation()).rejects.toMatchObject({ code: 'P2002' });
    await test.db.delegation.update({ where: { id: first.id }, data: { revokedAt: new Date() } });
    await delegation();
  });

  it('counts the access epoch up on every change of access, and on nothing else [A-CORE-05]', async () => {
    const user = await createTestUser(test.db);
    const role = await test.db.role.findFirstOrThrow();
    const changes = [
      () => test.db.user.update({ where: { id: user.id }, data: { isActive: false } }),
      () =>
        test.db.userRole.create({
          data: { id: newId('binding'), userId: user.id, roleId: role.id },
        }),
      () => test.db.userRole.deleteMany({ where: { userId: user.id } }),
      () => test.db.rolePermission.deleteMany({ where: { roleId: role.id } }),
      () => test.db.delegation.updateMany({ data: { reason: 'x' } }),
      () => test.db.role.update({ where: { id: role.id }, data: { description: 'x' } }),
    ];
    for (const change of changes) {
      const before = await epoch();
      await change();
      expect(await epoch()).toBeGreaterThan(before);
    }
    const before = await epoch();
    await test.db.user.update({ where: { id: user.id }, data: { displayName: 'x' } });
    expect(await epoch()).toBe(before);
  });

  it('deletes with a project all that is its own, and keeps its audit rows [A-CORE-05]', async () => {
    const gone = await createTestProject(test.db, owner.id);
    const pipeline = newId('pipeline');
    const change = { changeId: 'chg_2', trigger: 'push', gitRef: 'refs/heads/main' };
    await test.db.pipeline.create({
      data: { id: pipeline, projectId: gone.id, number: 1, ...change },
    });
    const step = { id: newId('step'), pipelineId: pipeline, projectId: gone.id, stepOrder: 0 };
    await test.db.pipelineStep.create({ data: { ...step, name: 'a', image: 'a' } });
    const permission = await test.db.permission.findFirstOrThrow();
    const gate = { subjectType: 'pipeline', subjectId: pipeline, step: 'a', workflowId: 'w' };
    await test.db.gate.create({
      data: {
        id: newId('gate'),
        projectId: gone.id,
        changeId: 'chg_2',
        permission: permission.name,
        ...gate,
      },
    });
    const input = { action: 'project.changed', resource: 'project', projectId: gone.id };
    const audited = await inTransaction(test.db, (tx) => writeAudit(tx, testCaller(), input));
    await test.db.project.delete({ where: { id: gone.id } });
    const row = await test.db.auditEntry.findUniqueOrThrow({ where: { id: audited } });
    expect(row).toMatchObject({ action: 'project.changed', projectId: null });
    const where = { projectId: gone.id };
    expect(await test.db.pipeline.count({ where })).toBe(0);
    expect(await test.db.pipelineStep.count({ where })).toBe(0);
    expect(await test.db.gate.count({ where })).toBe(0);
  });

  it('has the five system roles, and seeding again changes nothing [A-CORE-12]', async () => {
    const fresh = await createTestDatabase();
    const roles = await fresh.db.role.findMany({ where: { isSystem: true } });
    expect(roles.map((role) => role.name).sort()).toEqual([
      'admin',
      'agent',
      'developer',
      'ops',
      'viewer',
    ]);
    const state = async () =>
      JSON.stringify([
        await fresh.db.role.findMany({ orderBy: { id: 'asc' } }),
        await fresh.db.permission.findMany({ orderBy: { id: 'asc' } }),
        await fresh.db.rolePermission.findMany({
          orderBy: [{ roleId: 'asc' }, { permissionId: 'asc' }],
        }),
        await fresh.db.roleInheritance.findMany(),
        (await fresh.db.accessEpoch.findMany()).map((row) => row.epoch.toString()),
      ]);
    const before = await state();
    await Promise.all([seedAccess(fresh.db), seedAccess(fresh.db)]);
    expect(await state()).toBe(before);
    await fresh.drop();
  });

  it('gives an extended non-system role back to its admin as it was left [A-CORE-12]', async () => {
    const fresh = await createTestDatabase();
    const reader = await fresh.db.role.findUniqueOrThrow({ where: { name: 'reader' } });
    const viewer = await fresh.db.role.findUniqueOrThrow({ where: { name: 'viewer' } });
    await fresh.db.rolePermission.deleteMany({ where: { roleId: { in: [reader.id, viewer.id] } } });
    await seedAccess(fresh.db);
    const held = (roleId: string) => fresh.db.rolePermission.count({ where: { roleId } });
    expect([await held(reader.id), await held(viewer.id)]).toEqual([0, 3]);
    await fresh.drop();
  });
});

describe('a transaction', () => {
  it('is run again after a deadlock, and both sides end [A-CORE-05]', async () => {
    const test = await createTestDatabase();
    const a = await createTestUser(test.db);
    const b = await createTestUser(test.db);
    let runs = 0;
    let meet = (): void => undefined;
    const bothHold = new Promise<void>((resolve) => (meet = resolve));
    const touch = (first: string, second: string) =>
      inTransaction(test.db, async (tx) => {
        runs += 1;
        await tx.user.update({ where: { id: first }, data: { displayName: first } });
        // each has locked its first row before either asks for the other's
        if (runs === 2) meet();
        await bothHold;
        await tx.user.update({ where: { id: second }, data: { displayName: first } });
      });
    await Promise.all([touch(a.id, b.id), touch(b.id, a.id)]);
    expect(runs).toBeGreaterThan(2);
    await test.drop();
  });
});
