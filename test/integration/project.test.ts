import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeWorkTree } from '../support/git-client.ts';
import { git, startGitServer, type GitServer, type TestUser } from '../support/git-server.ts';

// Many git processes; a loaded machine takes its time.
jest.setTimeout(240_000);

interface Project {
  id: string;
  name: string;
  visibility: string;
  updatedAt: string;
}

let server: GitServer;
let ann: TestUser;
let bob: TestUser;
let sam: TestUser;
let admin: TestUser;

beforeAll(async () => {
  server = await startGitServer();
  ann = await server.user('ann', 'developer');
  bob = await server.user('bob', 'developer');
  sam = await server.user('sam');
  admin = await server.user('root', 'admin');
}, 240_000);

afterAll(() => server.stop());

function create(user: TestUser | null, body: unknown): Promise<Response> {
  return server.api(user, 'POST', '/api/v1/projects', body);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

describe('projects', () => {
  it('has a unique name for each owner, private and on main unless told otherwise [A-PROJ-01]', async () => {
    const answer = await create(ann, { name: 'shop' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/api/v1/projects/ann/shop');
    expect(await answer.json()).toMatchObject({
      name: 'shop',
      fullName: 'ann/shop',
      visibility: 'private',
      defaultBranch: 'main',
      repoPath: 'ann/shop.git',
      isActive: true,
    });
    expect((await create(ann, { name: 'shop' })).status).toBe(409);
    expect((await create(bob, { name: 'shop' })).status).toBe(201);
    const deletion = server.db.user.delete({ where: { id: ann.id } });
    await expect(deletion).rejects.toThrow();
    expect((await create(sam, { name: 'mine' })).status).toBe(403);
    expect((await create(null, { name: 'mine' })).status).toBe(401);
  });

  it('lets exactly one of twenty creations of one name win, and that one works [A-PROJ-01]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => create(ann, { name: 'raced' })),
    );
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(19);
    const refs = await server.api(ann, 'GET', '/ann/raced.git/info/refs?service=git-upload-pack');
    expect(refs.status).toBe(200);
  });

  it('gives back what it was made with [A-PROJ-02]', async () => {
    const given = {
      gitUrl: 'https://git.example.test/x.git',
      localPath: 'work/x',
      baseBranch: 'develop',
      ciProvider: 'slipway',
      projectClassification: 'internal-tool',
      displayName: 'The X',
      description: 'ünïcode ✓',
    };
    expect((await create(ann, { name: 'carried', ...given })).status).toBe(201);
    const read = await server.api(ann, 'GET', '/api/v1/projects/ann/carried');
    expect(await read.json()).toMatchObject(given);
    expect((await create(ann, { name: 'plain' })).status).toBe(201);
    const plain = await server.api(ann, 'GET', '/api/v1/projects/ann/plain');
    expect(await plain.json()).toMatchObject({ baseBranch: 'main', gitUrl: null });
  });

  it('has no column for a secret and shows only what it lists [A-PROJ-04]', async () => {
    const columns = await server.db.$queryRaw<{ name: string }[]>`
      SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'projects'`;
    expect(columns.length).toBeGreaterThan(10);
    const suspicious = columns.filter(({ name }) =>
      /secret|token|password|key|credential/.test(name),
    );
    expect(suspicious).toEqual([]);
    expect((await create(ann, { name: 'told' })).status).toBe(201);
    const read = await server.api(ann, 'GET', '/api/v1/projects/ann/told');
    expect(read.status).toBe(200);
    expect(await read.text()).not.toMatch(/passwordHash|argon2|email/i);
  });

  it('hides private projects, shows internal ones to who signed in and public ones to all [A-PROJ-05]', async () => {
    for (const visibility of ['private', 'internal', 'public']) {
      expect((await create(ann, { name: `v-${visibility}`, visibility })).status).toBe(201);
    }
    const status = async (user: TestUser | null, visibility: string) =>
      (await server.api(user, 'GET', `/api/v1/projects/ann/v-${visibility}`)).status;
    const seen = {
      private: [
        await status(null, 'private'),
        await status(sam, 'private'),
        await status(ann, 'private'),
      ],
      internal: [await status(null, 'internal'), await status(sam, 'internal')],
      public: [await status(null, 'public'), await status(sam, 'public')],
    };
    expect(seen).toEqual({ private: [401, 404, 200], internal: [401, 200], public: [200, 200] });
    const listed = async (user: TestUser | null) => {
      const page = (await (await server.api(user, 'GET', '/api/v1/projects?q=v-')).json()) as {
        items: Project[];
      };
      return page.items.map((project) => project.visibility).sort();
    };
    expect(await listed(null)).toEqual(['public']);
    expect(await listed(sam)).toEqual(['internal', 'public']);
    expect(await listed(ann)).toEqual(['internal', 'private', 'public']);
    const push = await server.api(sam, 'PATCH', '/api/v1/projects/ann/v-public', {
      description: 'x',
    });
    expect(push.status).toBe(403);
  });

  it('shows a private project to a member once added and no more once removed [A-PROJ-05]', async () => {
    const repository = await server.project(ann, 'team');
    const members = `${repository.api}/members`;
    const added = await server.api(ann, 'POST', members, { user: 'sam', role: 'viewer' });
    expect(added.status).toBe(201);
    const { id } = (await added.json()) as { id: string };
    expect((await server.api(sam, 'GET', repository.api)).status).toBe(200);
    const mine = (await (await server.api(sam, 'GET', '/api/v1/projects?mine=1')).json()) as {
      items: Project[];
    };
    expect(mine.items.map((project) => project.name)).toEqual(['team']);
    expect((await server.api(sam, 'POST', members, { user: 'bob', role: 'viewer' })).status).toBe(
      403,
    );
    const listed = (await (await server.api(sam, 'GET', members)).json()) as { items: unknown[] };
    expect(listed.items).toMatchObject([
      { role: 'maintainer' },
      { userName: 'sam', role: 'viewer' },
    ]);
    expect((await server.api(ann, 'DELETE', `${members}/${id}`)).status).toBe(204);
    expect((await server.api(sam, 'GET', repository.api)).status).toBe(404);
  });

  it('pages its list without loss or doubles [A-PROJ-05]', async () => {
    for (let n = 0; n < 7; n += 1) await create(bob, { name: `page-${n}` });
    const names: string[] = [];
    let address = '/api/v1/projects?q=page-&limit=3';
    for (let pages = 0; address !== ''; pages += 1) {
      expect(pages).toBeLessThan(5);
      const answer = await server.api(bob, 'GET', address);
      const page = (await answer.json()) as { items: Project[]; nextCursor: string | null };
      expect(page.items.length).toBeLessThanOrEqual(3);
      names.push(...page.items.map((project) => project.name));
      const link = answer.headers.get('link');
      expect(link === null).toBe(page.nextCursor === null);
      address = /<(.+)>; rel="next"/.exec(link ?? '')?.[1] ?? '';
    }
    expect([...names].sort()).toEqual(Array.from({ length: 7 }, (_, n) => `page-${n}`));
  });

  it('finds a part of a name as it is written: no sign of it stands for another one', async () => {
    await create(bob, { name: 'like-a', displayName: '100% a_b' });
    await create(bob, { name: 'like-b', displayName: '1000 axb' });
    const found = async (q: string) => {
      const answer = await server.api(bob, 'GET', `/api/v1/projects?q=${encodeURIComponent(q)}`);
      return ((await answer.json()) as { items: Project[] }).items.map((project) => project.name);
    };
    expect(await found('A_B')).toEqual(['like-a']);
    expect(await found('0%')).toEqual(['like-a']);
  });

  it('changes settings only for the version that the client saw [A-PROJ-05]', async () => {
    const repository = await server.project(ann, 'settings');
    const etag = (await server.api(ann, 'GET', repository.api)).headers.get('etag') ?? '';
    const patch = (body: unknown, headers = {}) =>
      server.api(ann, 'PATCH', repository.api, body, headers);
    const first = await patch({ description: 'one' }, { 'if-match': etag });
    expect(first.status).toBe(200);
    expect((await patch({ description: 'two' }, { 'if-match': etag })).status).toBe(412);
    const fresh = first.headers.get('etag') ?? '';
    expect((await patch({ visibility: 'public' }, { 'if-match': fresh })).status).toBe(200);
    expect((await server.api(null, 'GET', repository.api)).status).toBe(200);
    const byDeveloper = await server.api(bob, 'PATCH', repository.api, { visibility: 'private' });
    expect(byDeveloper.status).toBe(403);
    expect((await patch({ defaultBranch: 'nope' })).status).toBe(422);
  });

  it('gets another default branch from holders of project:delegate alone: a writer who may not push to it makes no other one speak [A-PROJ-05]', async () => {
    const { api, url } = await server.project(ann, 'speaker');
    const tree = await makeWorkTree(url, ann.token);
    await tree.git('commit', '-q', '--allow-empty', '-m', 'a');
    await tree.git('push', '-q', 'origin', 'main', 'main:refs/heads/theirs');
    await tree.remove();
    const wes = await server.user('wes');
    await server.api(ann, 'POST', `${api}/members`, { user: 'wes', role: 'developer' });
    const patch = async (by: TestUser, body: unknown) =>
      (await server.api(by, 'PATCH', api, body)).status;
    expect(await patch(wes, { defaultBranch: 'theirs' })).toBe(403);
    expect(await patch(wes, { description: 'x', defaultBranch: 'main' })).toBe(200);
    expect(await patch(ann, { defaultBranch: 'theirs' })).toBe(200);
  });

  it('has a repository that can be cloned right after it was made [A-PROJ-06]', async () => {
    const repository = await server.project(ann, 'fresh');
    expect(await exists(path.join(repository.dir, 'HEAD'))).toBe(true);
    const scratch = await mkdtemp(path.join(tmpdir(), 'slipway-fresh-'));
    const clone = await git(scratch, ['clone', repository.url, 'fresh'], { token: ann.token });
    expect(clone.code).toBe(0);
    expect(clone.stderr).toContain('empty repository');
    const head = await git(path.join(scratch, 'fresh'), ['symbolic-ref', 'HEAD']);
    expect(head.stdout.trim()).toBe('refs/heads/main');
    await rm(scratch, { recursive: true, force: true });
  });

  it('goes with its children and its repository when deleted; audit rows stay [A-PROJ-07]', async () => {
    const repository = await server.project(ann, 'doomed');
    const tree = await makeWorkTree(repository.url, ann.token);
    await tree.write({ a: '1' });
    await tree.commit('a');
    await tree.git('push', '-q', 'origin', 'main');
    await tree.remove();
    const projectId = repository.id;
    await server.api(ann, 'POST', `${repository.api}/protected-branches`, { pattern: 'main' });
    const audits = await server.db.auditEntry.count({ where: { projectId } });
    expect(audits).toBeGreaterThan(2);
    expect(await server.db.gitRef.count({ where: { projectId } })).toBe(1);
    expect((await server.api(bob, 'DELETE', repository.api)).status).toBe(403);
    expect((await server.api(ann, 'DELETE', repository.api)).status).toBe(204);
    expect((await server.api(ann, 'GET', repository.api)).status).toBe(404);
    const left = await Promise.all([
      server.db.gitRef.count({ where: { projectId } }),
      server.db.push.count({ where: { projectId } }),
      server.db.protectedBranch.count({ where: { projectId } }),
      server.db.userRole.count({ where: { projectId } }),
    ]);
    expect(left).toEqual([0, 0, 0, 0]);
    expect(await exists(repository.dir)).toBe(false);
    const after = await server.db.auditEntry.findMany({ where: { resourceId: projectId } });
    expect(after.map((entry) => entry.action)).toContain('project.deleted');
    expect(after.length).toBeGreaterThanOrEqual(2);
    expect((await create(ann, { name: 'doomed' })).status).toBe(201);
  });

  it('leaves nothing half made when the repository cannot be created [A-PROJ-06]', async () => {
    const broken = await startGitServer({
      wrap: (store) => ({ ...store, create: () => Promise.reject(new Error('disk')) }),
    });
    const eve = await broken.user('eve', 'developer');
    const answer = await broken.api(eve, 'POST', '/api/v1/projects', { name: 'half' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('disk');
    expect(await broken.db.project.count()).toBe(0);
    expect(await broken.db.event.count({ where: { type: 'project.created' } })).toBe(0);
    await broken.stop();
  });

  const badNames = [
    '',
    '.',
    '..',
    'a..b',
    '-x',
    'Shop',
    'shop.git',
    'a/b',
    '../x',
    'a b',
    'ä',
    'new',
    'refs',
    'x'.repeat(101),
    'a\0b',
    'x.lock',
  ];
  it.each(badNames)('refuses the name %j [A-PROJ-01]', async (name) => {
    const answer = await create(ann, { name });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('problem+json');
  });

  it('refuses what is no project: unknown keys, wrong types, bad branches [A-PROJ-01]', async () => {
    const bodies = [
      null,
      [],
      {},
      { name: 1 },
      { name: 'x1', visibility: 'secret' },
      { name: 'x1', defaultBranch: '--upload-pack=x' },
      { name: 'x1', defaultBranch: 'a..b' },
      { name: 'x1', ownerId: 'usr_x' },
      { name: 'x1', description: 'a\0b' },
    ];
    for (const body of bodies) {
      expect({ body, status: (await create(ann, body)).status }).toEqual({ body, status: 400 });
    }
    expect(await server.db.project.count({ where: { name: 'x1' } })).toBe(0);
  });

  it('tells an admin of every project [A-PROJ-05]', async () => {
    const { api } = await server.project(ann, 'unshared');
    expect((await server.api(bob, 'GET', api)).status).toBe(200);
    expect((await server.api(sam, 'GET', api)).status).toBe(404);
    expect((await server.api(admin, 'GET', api)).status).toBe(200);
    expect(server.errors).toEqual([]);
  });
});
