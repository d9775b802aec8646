import { describe, expect, it, jest } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { migrate } from '../../prisma/migrate.ts';
import { queryOnce as query } from '../support/query-once.ts';
import { sqlFromEmpty } from '../support/schema-diff.ts';
import { createEmptyDatabase } from '../support/test-database.ts';

jest.setTimeout(240_000);

const folderOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const migrationsDir = folderOf('prisma/migrations');
const names = readdirSync(migrationsDir).sort();

describe('the migrations', () => {
  it('run in order on an empty database, and a second time not at all [A-CORE-04]', async () => {
    const empty = await createEmptyDatabase();
    expect((await migrate(empty.url, { migrationsDir })).applied).toEqual(names);
    expect((await migrate(empty.url, { migrationsDir })).applied).toEqual([]);
    expect(names.slice(0, 11)).toEqual([
      '001_identity',
      '002_rbac',
      '003_projects',
      '004_git',
      '005_agents',
      '006_pipelines',
      '007_deploy',
      '008_observability',
      '009_secrets',
      '010_notifications',
      '011_audit',
    ]);
    await empty.drop();
  });

  it('run once when several processes start together [A-CORE-04]', async () => {
    const empty = await createEmptyDatabase();
    const runs = await Promise.all([1, 2, 3].map(() => migrate(empty.url, { migrationsDir })));
    expect(runs.map(({ applied }) => applied.length).sort()).toEqual([0, 0, names.length]);
    await empty.drop();
  });

  it('are refused when one that ran was changed since, and undo one that fails [A-CORE-04]', async () => {
    const empty = await createEmptyDatabase();
    await query(empty.url, 'CREATE TABLE deployments (x int)');
    await expect(migrate(empty.url, { migrationsDir })).rejects.toThrow(/007_deploy failed/);
    const tables = await query<{ n: number }>(
      empty.url,
      `SELECT count(*)::int AS n FROM pg_tables WHERE tablename = 'ops_repos'`,
    );
    expect(tables).toEqual([{ n: 0 }]);
    await query(empty.url, 'DROP TABLE deployments');
    const { applied } = await migrate(empty.url, { migrationsDir });
    expect(applied[0]).toBe('007_deploy');
    await query(
      empty.url,
      `UPDATE _prisma_migrations SET checksum = 'x' WHERE migration_name = '002_rbac'`,
    );
    await expect(migrate(empty.url, { migrationsDir })).rejects.toThrow(/002_rbac was changed/);
    await empty.drop();
  });

  it('answer for what default and protected branches hold when secrets begin to ask [A-SEC-04]', async () => {
    const old = await createEmptyDatabase();
    await migrate(old.url, { migrationsDir });
    // as it was before: the migration is taken back, rows of that time are made, and it runs again
    await query(
      old.url,
      `DROP TABLE vouched_heads;
       ALTER TABLE pushes DROP COLUMN with_secrets;
       ALTER TABLE secrets DROP COLUMN is_protected;
       DELETE FROM _prisma_migrations WHERE migration_name = '180_secrets_behind_heads';
       INSERT INTO users (id, name, email) VALUES ('usr_1', 'ann', 'ann@example.org');
       INSERT INTO projects (id, owner_id, name, default_branch) VALUES ('prj_1', 'usr_1', 'demo', 'trunk');
       INSERT INTO protected_branches (id, project_id, pattern) VALUES ('prb_1', 'prj_1', 'release/*'), ('prb_2', 'prj_1', 'a.b?');
       INSERT INTO git_refs (project_id, name, sha) VALUES
         ('prj_1', 'refs/heads/trunk', '1'), ('prj_1', 'refs/heads/release/1.0', '2'), ('prj_1', 'refs/heads/a.bc', '3'),
         ('prj_1', 'refs/heads/release/1/0', '4'), ('prj_1', 'refs/heads/axbc', '5'), ('prj_1', 'refs/tags/trunk', '6');
       INSERT INTO pushes (id, project_id, change_id, updates) VALUES ('psh_1', 'prj_1', 'chg_1', '[]');
       INSERT INTO secrets (id, project_id, name, encrypted_value, key_id) VALUES ('sec_1', 'prj_1', 'KEY', '', 'k')`,
    );
    await migrate(old.url, { migrationsDir });
    expect(await query(old.url, 'SELECT ref, sha FROM vouched_heads ORDER BY sha')).toEqual([
      { ref: 'refs/heads/trunk', sha: '1' },
      { ref: 'refs/heads/release/1.0', sha: '2' },
      { ref: 'refs/heads/a.bc', sha: '3' },
    ]);
    expect(await query(old.url, 'SELECT with_secrets FROM pushes')).toEqual([
      { with_secrets: null },
    ]);
    expect(await query(old.url, 'SELECT is_protected FROM secrets')).toEqual([
      { is_protected: false },
    ]);
    await old.drop();
  });

  it('make exactly the tables, columns, keys and indexes of the Prisma schema [A-CORE-04][A-CORE-05]', async () => {
    const migrated = await createEmptyDatabase();
    await migrate(migrated.url, { migrationsDir });
    const declared = await createEmptyDatabase();
    // Functions of defaults are the migrations' own.
    const functions = await query<{ source: string }>(
      migrated.url,
      `SELECT pg_get_functiondef(oid) AS source FROM pg_proc WHERE proname IN ('event_epoch', 'next_event_seq')`,
    );
    for (const { source } of functions) await query(declared.url, source);
    await query(declared.url, await sqlFromEmpty(folderOf('prisma/schema'), declared.url));
    expect(await readColumns(migrated.url)).toEqual(await readColumns(declared.url));
    expect(await readForeignKeys(migrated.url)).toEqual(await readForeignKeys(declared.url));
    const indexes = await readIndexes(migrated.url);
    expect(indexes).toEqual(expect.arrayContaining(await readIndexes(declared.url)));
    await Promise.all([migrated.drop(), declared.drop()]);
  });
});

/** Lists are nullable in what Prisma's engine writes, and never null in Prisma: the migrations say NOT NULL. */
function readColumns(url: string) {
  return query(
    url,
    `SELECT table_name, column_name, udt_name, datetime_precision, numeric_precision, column_default,
            CASE WHEN data_type = 'ARRAY' THEN 'NO' ELSE is_nullable END AS nullable
       FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
      ORDER BY table_name, column_name`,
  );
}

function readForeignKeys(url: string) {
  return query(
    url,
    `SELECT conrelid::regclass::text AS "table", pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE contype IN ('f', 'p') AND conrelid::regclass::text <> '_prisma_migrations'
      ORDER BY 1, 2`,
  );
}

async function readIndexes(url: string): Promise<string[]> {
  const rows = await query<{ indexdef: string }>(
    url,
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'`,
  );
  return rows.map(({ indexdef }) => indexdef);
}
