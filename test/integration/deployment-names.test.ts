import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../prisma/migrate.ts';
import { readableName } from '../../domain/deploy/namespace.ts';
import { type AppUnderTest, openAppUnderTest } from '../support/app-under-test.ts';
import { queryOnce as query } from '../support/query-once.ts';
import { createEmptyDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

describe('the namespace of a deployment', () => {
  let sut: AppUnderTest;
  beforeAll(async () => {
    sut = await openAppUnderTest();
  });
  afterAll(() => sut.stop());

  const setUp = async (owner: string, name: string) => {
    const person = await sut.person(owner, 'admin');
    const project = await sut.project(person, name);
    const body = { imageRef: 'registry.example/app:1', environment: 'staging' };
    const answer = await sut.call(person, 'POST', `${project.path}/deployments`, body);
    expect(answer.status).toBe(201);
    const { id } = answer.body as { id: string };
    const row = await sut.db.deployment.findUniqueOrThrow({ where: { id } });
    return { ...row, person, project };
  };

  it('is one alone where owner and project would read the same [A-DEP-02][A-CORE-06]', async () => {
    expect(readableName('a-b', 'c', 'staging')).toBe(readableName('a', 'b-c', 'staging'));
    const first = await setUp('a-b', 'c');
    const second = await setUp('a', 'b-c');
    expect(first.namespace).toBe('a-b-c-staging');
    expect(second.namespace).toMatch(/^a-b-c-staging-[0-9a-f]{12}$/);
    const clash = sut.db.deployment.update({
      where: { id: second.id },
      data: { namespace: first.namespace },
    });
    await expect(clash).rejects.toMatchObject({ code: 'P2002' });
  });

  it('stays taken when the deployment is gone, and only its own environment gets it again [A-DEP-02]', async () => {
    const { id, namespace, projectId } = await setUp('d-e', 'f');
    await sut.db.deployment.delete({ where: { id } });
    expect((await setUp('d', 'e-f')).namespace).not.toBe(namespace);
    expect((await setUpAgain(projectId)).namespace).toBe(namespace);
  });

  const setUpAgain = async (projectId: string) => {
    const project = await sut.db.project.findUniqueOrThrow({
      where: { id: projectId },
      include: { owner: true },
    });
    const admin = await sut.person('names-admin', 'admin');
    const path = `/api/v1/projects/${project.owner.name}/${project.name}/deployments`;
    const body = { imageRef: 'registry.example/app:1', environment: 'staging' };
    const { id } = (await sut.call(admin, 'POST', path, body)).body as { id: string };
    return await sut.db.deployment.findUniqueOrThrow({ where: { id } });
  };

  it('is refused to an artifact of nobody knows whom, before anything of it is desired [A-DEP-02]', async () => {
    const { person, project } = await setUp('images', 'own');
    const digest = 'a'.repeat(64);
    for (const imageRef of [
      `artifact:app@sha256:${digest}`,
      `artifact:a/b@sha256:${digest}`,
      `Artifact:app@sha256:${digest}`,
    ]) {
      const body = { imageRef, environment: 'production' };
      const answer = await sut.call(person, 'POST', `${project.path}/deployments`, body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    }
  });
});

const migrationsDir = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const own = '140_deployment_names';

describe('the migration of deployments that have one namespace', () => {
  it('gives the younger a new one, brings those of a cluster there by a rollout, and leaves all others alone [A-CORE-04][A-DEP-14]', async () => {
    const { url, drop } = await createEmptyDatabase();
    const before = mkdtempSync(join(tmpdir(), 'slipway-migrations-'));
    for (const name of readdirSync(migrationsDir).filter((one) => one < own)) {
      cpSync(join(migrationsDir, name), join(before, name), { recursive: true });
    }
    await migrate(url, { migrationsDir: before });
    await query(url, dataOfToday);
    await migrate(url, { migrationsDir });
    rmSync(before, { recursive: true });
    const rows = await query<Record<string, unknown>>(
      url,
      'SELECT id, namespace, former_namespace AS former, generation FROM deployments ORDER BY id',
    );
    const given = (name: string) => expect.stringMatching(new RegExp(`^${name}-[0-9a-f]{12}$`));
    expect(rows).toEqual([
      { id: 'dep_alone', namespace: 'a-alone-staging', former: null, generation: 3 },
      { id: 'dep_cluster_1', namespace: 'x-y-z-staging', former: null, generation: 3 },
      {
        id: 'dep_cluster_2',
        ...{ namespace: given('x-y-z-staging'), former: 'x-y-z-staging', generation: 4 },
      },
      { id: 'dep_local_1', namespace: 'a-b-c-staging', former: null, generation: 3 },
      { id: 'dep_local_2', namespace: given('a-b-c-staging'), former: null, generation: 3 },
      { id: 'dep_local_3', namespace: given('x-y-z-staging'), former: null, generation: 3 },
      { id: 'dep_unnamed', namespace: '', former: null, generation: 3 },
    ]);
    const objects = await query(
      url,
      `SELECT o.namespace = d.namespace AS "isOwn" FROM deployment_sync_objects o
         JOIN deployment_syncs s ON s.id = o.sync_id JOIN deployments d ON d.id = s.deployment_id`,
    );
    expect(objects).toEqual([{ isOwn: true }]);
    const names = await query(
      url,
      `SELECT count(*)::int AS n FROM deployment_names n JOIN deployments d
         ON d.namespace = n.namespace AND d.project_id = n.project_id AND d.environment = n.slug`,
    );
    expect(names).toEqual([{ n: 6 }]);
    await drop();
  });

  it('writes down who chose an ops repository: whom the audit log names, else the owner of the project [A-SEC-04]', async () => {
    const { url, drop } = await createEmptyDatabase();
    const before = mkdtempSync(join(tmpdir(), 'slipway-migrations-'));
    for (const name of readdirSync(migrationsDir).filter((one) => one < own)) {
      cpSync(join(migrationsDir, name), join(before, name), { recursive: true });
    }
    await migrate(url, { migrationsDir: before });
    await query(url, dataOfToday);
    await query(
      url,
      `INSERT INTO ops_repos (id, name, repo_url) VALUES ('ops_1', 'ops', '/u2/ops.git');
       UPDATE deployments SET ops_repo_id = 'ops_1' WHERE id IN ('dep_alone', 'dep_local_1', 'dep_local_2');
       INSERT INTO audit_log (id, actor_id, actor_name, action, resource, resource_id, detail, prev_hash, hash) VALUES
         ('aud_1', 'usr_2', 'u2', 'deployment.created', 'deployment', 'dep_local_1', '{}', 'p1', 'h1'),
         ('aud_2', 'usr_1', 'u1', 'deployment.updated', 'deployment', 'dep_local_1', '{"changed": ["approvals"]}', 'p2', 'h2'),
         ('aud_3', 'usr_1', 'u1', 'deployment.created', 'deployment', 'dep_local_2', '{}', 'p3', 'h3'),
         ('aud_4', 'usr_2', 'u2', 'deployment.updated', 'deployment', 'dep_local_2', '{"changed": ["opsRepoId"]}', 'p4', 'h4')`,
    );
    await migrate(url, { migrationsDir });
    rmSync(before, { recursive: true });
    expect(
      await query(
        url,
        'SELECT id, ops_repo_set_by AS who FROM deployments WHERE ops_repo_id IS NOT NULL ORDER BY id',
      ),
    ).toEqual([
      { id: 'dep_alone', who: 'usr_1' },
      { id: 'dep_local_1', who: 'usr_2' },
      { id: 'dep_local_2', who: 'usr_2' },
    ]);
    await drop();
  });
});

/** Deployments as they may lie in a database of before, older ones first. */
const dataOfToday = `
  INSERT INTO users (id, name, email) VALUES ('usr_1', 'u1', 'u1@example.org'), ('usr_2', 'u2', 'u2@example.org');
  INSERT INTO projects (id, owner_id, name)
    SELECT 'prj_' || n, 'usr_1', 'p' || n FROM generate_series(1, 7) n;
  INSERT INTO deployments (id, project_id, environment, image_ref, target, namespace, generation, created_at) VALUES
    ('dep_local_1', 'prj_1', 'staging', 'app:1', 'local', 'a-b-c-staging', 3, '2026-01-01'),
    ('dep_local_2', 'prj_2', 'staging', 'app:1', 'local', 'a-b-c-staging', 3, '2026-01-02'),
    ('dep_local_3', 'prj_3', 'staging', 'app:1', 'local', 'x-y-z-staging', 3, '2026-01-01'),
    ('dep_cluster_1', 'prj_4', 'staging', 'app:1', 'kubernetes', 'x-y-z-staging', 3, '2026-01-02'),
    ('dep_cluster_2', 'prj_5', 'staging', 'app:1', 'kubernetes', 'x-y-z-staging', 3, '2026-01-03'),
    ('dep_alone', 'prj_6', 'staging', 'app:1', 'local', 'a-alone-staging', 3, '2026-01-01'),
    ('dep_unnamed', 'prj_7', 'staging', 'app:1', 'local', '', 3, '2026-01-01');
  INSERT INTO deployment_revisions (id, deployment_id, number, content_key, image_ref, manifests_ref)
    VALUES ('rev_1', 'dep_cluster_2', 1, 'k', 'app:1', 'm');
  INSERT INTO deployment_syncs (id, deployment_id, project_id, number, generation, revision_id, action)
    VALUES ('syn_1', 'dep_cluster_2', 'prj_5', 1, 3, 'rev_1', 'deploy');
  INSERT INTO deployment_sync_objects (sync_id, position, phase, wave, operation, api_version, kind, namespace, name)
    VALUES ('syn_1', 0, 'Sync', 0, 'apply', 'v1', 'ConfigMap', 'x-y-z-staging', 'settings');`;
