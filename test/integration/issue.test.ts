import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
import {
  openAppUnderTest,
  type AppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';

jest.setTimeout(240_000);

let t: AppUnderTest;
let ann: TestAccount;
let bob: TestAccount;
let viewer: TestAccount;
let project: { id: string; path: string };

interface Issue {
  id: string;
  number: number;
  title: string;
  body: string | null;
  status: string;
  labels: string[];
  author: { id: string; name: string };
  assignee: { name: string } | null;
  commentCount: number;
}

beforeAll(async () => {
  t = await openAppUnderTest();
  ann = await t.account('ann', 'developer');
  project = await t.project(ann, 'tracked');
  bob = await t.account('bob', `developer@${project.id}`);
  viewer = await t.account('vera', `viewer@${project.id}`);
}, 240_000);
afterAll(() => t.stop());

async function open(title: string, more: object = {}, path = project.path): Promise<Issue> {
  const answer = await t.call(ann, 'POST', `${path}/issues`, { title, ...more });
  expect(answer.status).toBe(201);
  return answer.body as Issue;
}

async function titles(query: string, path = project.path): Promise<string[]> {
  const answer = await t.call(viewer, 'GET', `${path}/issues?${query}`);
  expect(answer.status).toBe(200);
  return (answer.body as { items: Issue[] }).items.map(({ title }) => title);
}

describe('issues', () => {
  it('are opened, read, changed and read again, Markdown as it was written [A-ISS-01]', async () => {
    const body = '# Steps\n\n<script>alert(1)</script> & **bold** ☃\n';
    const made = await open('It breaks', { body, labels: ['bug', ' bug ', 'ui'], assignee: 'bob' });
    const address = `${project.path}/issues/${made.number}`;
    const read = await t.call(viewer, 'GET', address);
    expect(read.body).toMatchObject({
      title: 'It breaks',
      body,
      status: 'open',
      labels: ['bug', 'ui'],
      author: { id: ann.id, name: 'ann' },
      assignee: { name: 'bob' },
      permissions: { write: false },
    });
    const change = { title: 'It broke', body: null, labels: [], assignee: null };
    expect((await t.call(bob, 'PATCH', address, change)).status).toBe(200);
    expect((await t.call(ann, 'GET', address)).body).toMatchObject({
      ...change,
      permissions: { write: true },
    });
    const types = await t.db.event.findMany({
      where: { subjectId: made.id },
      orderBy: { seq: 'asc' },
    });
    expect(types.map(({ type }) => type)).toEqual(['issue.created', 'issue.updated']);
    expect((await t.call(ann, 'GET', `${project.path}/issues/999`)).status).toBe(404);
  });

  it.each([
    [{ title: '' }],
    [{ title: '   ' }],
    [{ title: 'x', status: 'waiting' }],
    [{ title: 'x', labels: 'bug' }],
    [{ title: 'x', assignee: 'nobody-of-this-name' }],
    [{ title: 'x', number: 7 }],
  ])('refuse %j [A-ISS-01]', async (body) => {
    const answer = await t.call(ann, 'POST', `${project.path}/issues`, body);
    expect([400, 422]).toContain(answer.status);
    const listed = await t.call(ann, 'GET', `${project.path}/issues?status=waiting`);
    expect(listed.status).toBe(400);
  });

  it('are not given to somebody who may not see the project [A-ISS-01]', async () => {
    await t.account('outsider');
    const body = { title: 'x', assignee: 'outsider' };
    const answer = await t.call(ann, 'POST', `${project.path}/issues`, body);
    expect(answer.status).toBe(422);
  });

  it('have the numbers 1 to 50 when 50 are opened at once, apart from merge requests [A-ISS-02]', async () => {
    const many = await t.project(ann, 'many');
    await t.db.project.update({ where: { id: many.id }, data: { nextMrNumber: 7 } });
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, n) => open(`issue ${n}`, {}, many.path)),
    );
    const numbers = made.map(({ number }) => number).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    const row = await t.db.project.findUniqueOrThrow({ where: { id: many.id } });
    expect(row).toMatchObject({ nextIssueNumber: 50, nextMrNumber: 7 });
  });

  it('leave no gap in their numbers when an opening fails [A-ISS-02]', async () => {
    const many = await t.project(ann, 'gapless');
    const body = { title: 'x', assignee: 'nobody-of-this-name' };
    await t.call(ann, 'POST', `${many.path}/issues`, body);
    expect((await open('first', {}, many.path)).number).toBe(1);
  });

  it('are made once for one Idempotency-Key [A-ISS-01]', async () => {
    const ask = () =>
      t.call(ann, 'POST', `${project.path}/issues`, { title: 'once' }, { 'idempotency-key': 'k1' });
    const [first, second] = [await ask(), await ask()];
    expect((second.body as Issue).number).toBe((first.body as Issue).number);
  });

  it('are closed and reopened, each from the other status only, and listed by it [A-ISS-03]', async () => {
    const states = await t.project(ann, 'states');
    await t.call(ann, 'POST', '/api/v1/role-bindings', {
      user: 'vera',
      role: 'viewer',
      projectId: states.id,
    });
    const { number, id } = await open('turning', {}, states.path);
    const address = `${states.path}/issues/${number}`;
    expect((await t.call(ann, 'POST', `${address}/reopen`)).status).toBe(409);
    expect((await t.call(ann, 'POST', `${address}/close`)).body).toMatchObject({
      status: 'closed',
    });
    expect((await t.call(ann, 'POST', `${address}/close`)).status).toBe(409);
    expect(await titles('status=closed', states.path)).toEqual(['turning']);
    expect(await titles('status=open', states.path)).toEqual([]);
    expect((await t.call(ann, 'POST', `${address}/reopen`)).body).toMatchObject({
      status: 'open',
    });
    expect(await titles('status=open', states.path)).toEqual(['turning']);
    const changes = await t.db.event.findMany({
      where: { subjectId: id, type: 'issue.status_changed' },
      orderBy: { id: 'asc' },
    });
    expect(changes.map(({ payload }) => (payload as { status: string }).status)).toEqual([
      'closed',
      'open',
    ]);
  });

  it('are found by label, assignee, author and text, page by page, newest first [A-ISS-01]', async () => {
    const listed = await t.project(ann, 'listed');
    const give = (user: string, role: string) =>
      t.call(ann, 'POST', '/api/v1/role-bindings', { user, role, projectId: listed.id });
    await Promise.all([give('bob', 'developer'), give('vera', 'viewer')]);
    await open('Alpha', { labels: ['bug', 'ui'], assignee: 'bob' }, listed.path);
    await open('Beta', { labels: ['bug'], body: 'Look at ALPHA' }, listed.path);
    const made = await t.call(bob, 'POST', `${listed.path}/issues`, { title: 'Gamma 100%' });
    expect(made.status).toBe(201);
    expect(await titles('label=bug', listed.path)).toEqual(['Beta', 'Alpha']);
    expect(await titles('label=bug&label=ui', listed.path)).toEqual(['Alpha']);
    expect(await titles('assignee=bob', listed.path)).toEqual(['Alpha']);
    expect(await titles('assignee=none', listed.path)).toEqual(['Gamma 100%', 'Beta']);
    expect(await titles('author=bob', listed.path)).toEqual(['Gamma 100%']);
    expect(await titles('q=alpha', listed.path)).toEqual(['Beta', 'Alpha']);
    expect(await titles('q=%25', listed.path)).toEqual(['Gamma 100%']);
    expect(await titles('q=%232', listed.path)).toEqual(['Beta']);
    const labels = await t.call(viewer, 'GET', `${listed.path}/labels`);
    expect(labels.body).toEqual({
      items: [
        { label: 'bug', open: 2, closed: 0 },
        { label: 'ui', open: 1, closed: 0 },
      ],
    });
    const found = await t.call(viewer, 'GET', `${listed.path}/labels?q=U_`);
    expect(found.body).toEqual({ items: [] });
    const bobs = async (q: string) => {
      const { body } = await t.call(viewer, 'GET', `${listed.path}/members?q=${q}`);
      return (body as { items: { userName: string }[] }).items.map(({ userName }) => userName);
    };
    expect(await bobs('OB')).toEqual(['bob']);
    expect(await bobs('b_b')).toEqual([]);
    const first = await t.call(viewer, 'GET', `${listed.path}/issues?limit=2`);
    const { nextCursor, total, counts } = first.body as {
      nextCursor: string;
      total: number;
      counts: unknown;
    };
    expect({ total, counts }).toEqual({ total: 3, counts: { open: 3, closed: 0 } });
    expect(first.headers.get('link')).toContain('rel="next"');
    expect(await titles(`limit=2&cursor=${nextCursor}`, listed.path)).toEqual(['Alpha']);
  });

  it('are opened by whoever may write: a viewer gets 403, a stranger 404 [A-ISS-05]', async () => {
    const ask = async (who: TestAccount | null) =>
      (await t.call(who, 'POST', `${project.path}/issues`, { title: 'mine' })).status;
    const stranger = await t.account('stranger');
    expect([await ask(viewer), await ask(stranger), await ask(null), await ask(bob)]).toEqual([
      403, 404, 401, 201,
    ]);
  });
});

describe('comments', () => {
  it('are added, listed in order, and changed by their author alone [A-ISS-04]', async () => {
    const { number, id } = await open('discussed');
    const address = `${project.path}/issues/${number}/comments`;
    const made = await t.call(ann, 'POST', address, { body: '**one**' });
    expect(made.status).toBe(201);
    await t.call(bob, 'POST', address, { body: 'two' });
    const mine = `${address}/${(made.body as { id: string }).id}`;
    expect((await t.call(bob, 'PATCH', mine, { body: 'not yours' })).status).toBe(403);
    expect((await t.call(ann, 'PATCH', mine, { body: 'one, better' })).status).toBe(200);
    const listed = await t.call(viewer, 'GET', address);
    expect((listed.body as { items: object[]; total: number }).items).toEqual([
      expect.objectContaining({
        body: 'one, better',
        author: expect.objectContaining({ name: 'ann' }),
      }),
      expect.objectContaining({ body: 'two' }),
    ]);
    const read = await t.call(viewer, 'GET', `${project.path}/issues/${number}`);
    expect(read.body).toMatchObject({ commentCount: 2 });
    const told = await t.db.event.count({ where: { subjectId: id, type: 'issue.commented' } });
    expect(told).toBe(2);
    expect((await t.call(viewer, 'POST', address, { body: 'x' })).status).toBe(403);
  });

  it('belong to an issue or a merge request, to one and not to both [A-ISS-04]', async () => {
    const { number } = await open('lonely');
    const address = `${project.path}/issues/999999/comments`;
    expect((await t.call(ann, 'POST', address, { body: 'to nothing' })).status).toBe(404);
    const empty = `${project.path}/issues/${number}/comments`;
    expect((await t.call(ann, 'POST', empty, { body: '' })).status).toBe(400);
    const data = { id: newId('comment'), projectId: project.id, authorId: ann.id, body: 'x' };
    await expect(t.db.comment.create({ data })).rejects.toThrow(/comments_subject_check/);
  });
});
