import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Prisma } from '../../prisma/generated/client.ts';
import { readProjects } from '../../domain/project/project-rows.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { statementsOf } from '../support/count-statements.ts';
import { makeRunRows, type RunRows } from '../support/run-rows.ts';
import { bindTestRole, createTestToken, startTestApi, type TestApi } from '../support/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let api: TestApi;
let rows: RunRows;
let project: string;
let everywhere: string;
let here: string;

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi(database);
  const { db } = database;
  rows = await makeRunRows(db);
  const { name } = await db.user.findUniqueOrThrow({ where: { id: rows.userId } });
  project = `/api/v1/projects/${name}/demo`;
  await bindTestRole(db, rows.userId, 'maintainer');
  everywhere = (await createTestToken(db, rows.userId)).token;
  const guest = newId('user');
  await db.user.create({ data: { id: guest, name: 'guest', email: 'guest@example.org' } });
  await bindTestRole(db, guest, 'viewer', rows.projectId);
  here = (await createTestToken(db, guest)).token;
  const owned = { ownerId: rows.userId, visibility: 'internal' };
  const names = Array.from({ length: 29 }, (_, at) => `project-${String(at)}`);
  const projects = names.map((one) => ({ id: newId('project'), name: one, ...owned }));
  await db.project.createMany({ data: projects });
  const { projectId, userId: authorId } = rows;
  const issues = [1, 2, 3].map((number) => ({ id: newId('issue'), number, title: 'A wish' }));
  await db.issue.createMany({ data: issues.map((one) => ({ ...one, projectId, authorId })) });
});

afterAll(async () => {
  await api.stop();
  await database.drop();
});

/** Statements of a read once what its caller may do is known. */
async function costOf(path: string, token: string): Promise<number> {
  const read = async (): Promise<void> => {
    const answer = await api.get(path, token);
    expect(answer.status).toBe(200);
    await answer.text();
  };
  await read();
  return (await statementsOf(read)).length;
}

describe('what a read asks the database', () => {
  it('is the caller and the project, with its owner', async () => {
    expect(await costOf(project, everywhere)).toBe(2);
  });

  it('is the caller and the rows of a list of projects, however many and whoever may see them', async () => {
    expect(await costOf('/api/v1/projects?limit=30', everywhere)).toBe(2);
    expect(await costOf('/api/v1/projects?limit=30', here)).toBe(2);
  });

  it('is the caller, the runs and their deployments in a list of runs', async () => {
    expect(await costOf('/api/v1/pipelines?limit=50', everywhere)).toBe(3);
    expect(await costOf(`${project}/pipelines?limit=50`, here)).toBe(4);
  });

  it('is the caller, the project and the rows of a list of issues, with their numbers', async () => {
    expect(await costOf(`${project}/issues?limit=50`, here)).toBe(3);
  });

  it('reads a project by hand with every column that it has', async () => {
    const { db } = database;
    const where = { id: rows.projectId };
    const owner = { select: { id: true, name: true, displayName: true } };
    const [read] = await readProjects(db, Prisma.sql`p.id = ${rows.projectId}`);
    expect(read).toEqual(await db.project.findUnique({ where, include: { owner } }));
  });
});
