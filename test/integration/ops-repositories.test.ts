import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let admin: TestAccount;

beforeAll(async () => {
  sut = await openAppUnderTest();
  admin = await sut.person('deployadmin', 'admin');
});
afterAll(() => sut.stop());

describe('ops repositories', () => {
  it('have a name of their own, follow main at the root every minute unless told, and go when nothing follows them [A-DEP-04]', async () => {
    const body = { name: 'ops', repoUrl: '/deployadmin/ops.git' };
    const made = await sut.call(admin, 'POST', '/api/v1/ops-repos', body);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ branch: 'main', path: '/', syncIntervalS: 60 });
    expect((await sut.call(admin, 'POST', '/api/v1/ops-repos', body)).status).toBe(409);
    const { id } = made.body as { id: string };
    const address = `/api/v1/ops-repos/${id}`;
    const changed = await sut.call(admin, 'PATCH', address, { syncIntervalS: 5 });
    expect(changed.body).toMatchObject({ syncIntervalS: 5 });
    const project = await sut.project(admin, 'deployed');
    const deployment = { imageRef: 'registry.example/app:1', opsRepoId: id };
    const follower = await sut.call(admin, 'POST', `${project.path}/deployments`, deployment);
    expect(follower.status).toBe(201);
    expect((await sut.call(admin, 'DELETE', address)).status).toBe(409);
    await sut.db.deployment.delete({ where: { id: (follower.body as { id: string }).id } });
    expect((await sut.call(admin, 'DELETE', address)).status).toBe(204);
    expect((await sut.call(admin, 'GET', address)).status).toBe(404);
  });

  it('may lie elsewhere, and follow no branch that git or a shell would misread [A-DEP-04]', async () => {
    const foreign = { name: 'foreign', repoUrl: 'https://git.example/a/b' };
    const made = await sut.call(admin, 'POST', '/api/v1/ops-repos', foreign);
    expect(made.body).toMatchObject({ kind: 'foreign', repoUrl: foreign.repoUrl });
    for (const branch of ['--upload-pack=id', 'a b', 'x:y', 'refs/heads/main', '*']) {
      const odd = { ...foreign, name: 'odd', branch };
      const answer = await sut.call(admin, 'POST', '/api/v1/ops-repos', odd);
      expect(answer.body).toMatchObject({ errors: [{ pointer: '/branch' }] });
    }
  });
});
