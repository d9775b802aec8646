import { setTimeout as sleep } from 'node:timers/promises';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest,
} from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { newId } from '../../domain/shared/new-id.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import {
  admin,
  axeFindings,
  openWindow,
  phone,
  picture,
  settle,
  shows,
  sidewaysScroll,
  signIn,
  type Window,
} from './browser.ts';
import { addManyMembers, gatedDefinition, makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const issues = '/projects/admin/shop/issues';
const samples = [
  { title: 'Totals are off by one cent', labels: ['bug', 'money'], assignee: 'robin' },
  { title: 'Pay with a gift card', labels: ['wish', 'money'] },
  { title: 'The cart forgets what was in it after a restart of the browser', labels: ['bug'] },
  { title: 'Say thanks after the order', labels: [] },
];

/** Finds it by its whole words in a box that asks the server, and takes it. */
async function pick(page: Page, label: string, words: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click();
  await page.keyboard.type(words);
  await page.getByRole('option', { name: words, exact: true }).click();
}

describe('issues in the browser', () => {
  let slipway: Slipway;
  let window: Window;
  let head: string;

  beforeAll(async () => {
    slipway = await startSlipway();
    const tree = await makeProject(slipway, 'shop', gatedDefinition);
    await tree.write({ 'src/total.ts': 'export const total = 0;\n' });
    head = await tree.commit('Count the total');
    await tree.git('push', '--quiet', 'origin', 'main');
    await tree.remove();
    await slipway.request('POST', '/api/v1/users', {
      name: 'robin',
      displayName: 'Robin Doe',
      email: 'robin@example.com',
      password: 'a long enough password',
    });
    await slipway.request('POST', '/api/v1/projects/admin/shop/members', {
      user: 'robin',
      role: 'developer',
    });
    for (const sample of samples) {
      const made = await slipway.request('POST', `/api/v1${issues}`, sample);
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
    }
    await slipway.request('POST', `/api/v1${issues}/4/close`);
  });
  afterAll(async () => {
    await slipway.stop();
  });
  beforeEach(async () => {
    window = await openWindow();
    await signIn(window.page, slipway, admin(slipway));
  });
  afterEach(async () => {
    const { complaints } = window;
    await window.close();
    expect(complaints).toEqual([]);
  });

  it('opens an issue with a preview, comments on it, closes and reopens it; all of it shows without a reload [A-UI-03]', async () => {
    const { page } = window;
    await page.goto(slipway.baseUrl + issues);
    await page.getByRole('link', { name: 'New issue' }).click();
    await page.getByLabel('Title').fill('The port is wrong');
    const text = `It listens on **9090**, see #1 and ${head}. <img src=x onerror="window.stolen=1">`;
    await page.getByLabel('Description', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.locator('.preview strong').getByText('9090').waitFor();
    await pick(page, 'Assignee', 'robin');
    await page.getByLabel('Labels').fill('bug');
    await page.getByLabel('Labels').press('Enter');
    await picture(page, 'issue-new');
    await page.getByRole('button', { name: 'Open issue' }).click();
    await page.getByRole('heading', { name: 'The port is wrong' }).waitFor();
    const said = page.locator('.remark').first();
    expect(await said.getByRole('link', { name: '#1' }).getAttribute('href')).toBe(`${issues}/1`);
    expect(await said.getByRole('link', { name: head.slice(0, 8) }).getAttribute('href')).toContain(
      `/commits/${head}`,
    );
    expect(await page.evaluate('window.stolen')).toBeUndefined();

    const number = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await slipway.request('POST', `/api/v1${issues}/${number}/comments`, {
      body: 'Seen here too.',
    });
    await page.getByText('Seen here too.').waitFor();
    await page.getByLabel('Comment', { exact: true }).fill('Mended in the next release.');
    await page.keyboard.press('Control+Enter');
    await page.locator('.remark').getByText('Mended in the next release.').waitFor();
    await page.getByRole('button', { name: 'Close issue' }).click();
    await page.getByRole('status').getByText('Closed').waitFor();
    await picture(page, 'issue-closed');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Reopen issue' }).click();
    await page.getByRole('status').getByText('Open', { exact: true }).waitFor();
  });

  it('finds any of many people and labels of a project by a part of their name [A-UI-03]', async () => {
    const { page } = window;
    const { db } = slipway.database;
    const { id: projectId, ownerId: authorId } = await db.project.findFirstOrThrow({
      where: { name: 'shop' },
    });
    await addManyMembers(slipway, 'shop', ['zoe_1', 'zoe-1']);
    const many = Array.from({ length: 120 }, (_, at) => `of-member-${String(at)}`);
    const labels = [...many, '10%', '10_'];
    const issue = { id: newId('issue'), projectId, number: 900, title: 'Many', authorId, labels };
    await db.issue.create({ data: issue });

    await page.goto(slipway.baseUrl + issues);
    const list = page.getByRole('list', { name: 'Issues' });
    await list.getByText('Totals are off').waitFor();
    const added = page.getByRole('link', { name: 'New issue' });
    const search = page.getByLabel('Filter by title, text or number');
    const topOf = async (it: Locator): Promise<number | undefined> => (await it.boundingBox())?.y;
    expect(await topOf(added)).toBe(await topOf(search));
    const label = page.getByRole('combobox', { name: 'Label' });
    await label.click();
    await page.keyboard.type('OF-MEMBER-119');
    await shows(() => page.getByRole('option').allTextContents(), ['of-member-119']);
    await page.keyboard.press('Enter');
    await list.getByText('Totals are off').waitFor({ state: 'detached' });
    await list.getByText('Many').waitFor();
    await page.getByRole('button', { name: 'Board' }).click();
    await page.getByLabel('Columns').selectOption('label');
    await page.getByRole('region', { name: 'of-member-119' }).getByText('Many').waitFor();
    await page.getByRole('button', { name: 'List' }).click();
    await label.click();
    await page.getByRole('option', { name: 'Any label' }).click();
    for (const [box, key] of [
      ['Assignee', 'assignee'],
      ['Author', 'author'],
    ] as const) {
      await page.getByRole('combobox', { name: box }).click();
      await page.keyboard.type('ZOE-');
      await shows(() => page.getByRole('option').allTextContents(), ['zoe-1']);
      await picture(page, `filter-${key}`);
      expect(await axeFindings(page)).toEqual([]);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get(key) === 'zoe-1');
    }
    await page.getByText('No issue matches this filter').waitFor();

    await page.goto(`${slipway.baseUrl}${issues}/new`);
    const assignee = page.getByRole('combobox', { name: 'Assignee' });
    await assignee.click();
    await page.getByText('There are more: type a part of the name.').waitFor();
    await page.keyboard.type('ZOE_');
    await shows(() => page.getByRole('option').allTextContents(), ['zoe_1']);
    await picture(page, 'assignee-pick');
    await page.keyboard.press('Enter');
    await shows(() => assignee.inputValue(), 'zoe_1');
    await page.getByLabel('Labels').fill('0%');
    const known = 'Array.from(document.querySelectorAll("datalist option"), (one) => one.value)';
    await shows(() => page.evaluate<string[]>(known), ['10%']);
    expect(await axeFindings(page)).toEqual([]);
    await db.issue.delete({ where: { id: issue.id } });
  });

  it('narrows the list by what the address says, and the address says what is chosen [A-UI-03]', async () => {
    const { page } = window;
    await page.goto(`${slipway.baseUrl}${issues}?label=bug`);
    const list = page.getByRole('list', { name: 'Issues' });
    await list.getByText('The cart forgets').waitFor();
    expect(await list.getByText('Pay with a gift card').count()).toBe(0);
    await pick(page, 'Assignee', 'robin');
    await list.getByText('The cart forgets').waitFor({ state: 'detached' });
    await list.getByText('Totals are off').waitFor();
    await page.waitForURL((url) => url.searchParams.get('assignee') === 'robin');
    await page.goto(`${slipway.baseUrl}${issues}?state=closed`);
    await list.getByText('Say thanks').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('nothing like it');
    await page.getByText('No issue matches this filter').waitFor();
    await page.getByRole('link', { name: 'Clear the filter' }).click();
    await list.getByText('Pay with a gift card').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.locator('.subject').waitFor();
  });

  it('moves a card on the board by dragging and by its choice [A-UI-03]', async () => {
    const { page } = window;
    const moves: string[] = [];
    page.on('response', (answer) => {
      const [, move] = /\/2\/(close|reopen)$/u.exec(answer.url()) ?? [];
      if (move !== undefined) moves.push(move);
    });
    // one that is moved on while the server has yet to hear of its first move
    await page.route('**/close', async (route) => {
      await sleep(500);
      await route.continue();
    });
    // labels come when the board has asked for its columns already
    await page.route('**/labels', async (route) => {
      await sleep(500);
      await route.continue();
    });
    await page.goto(`${slipway.baseUrl}${issues}?view=board`);
    const column = (name: string) => page.getByRole('region', { name, exact: true });
    await column('Open').getByText('Pay with a gift card').waitFor();
    await column('Closed').getByText('Say thanks').waitFor();
    await page
      .locator('.card', { hasText: 'Pay with a gift card' })
      .dragTo(column('Closed').locator('header'));
    await column('Closed').getByText('Pay with a gift card').waitFor();
    await page.getByLabel('Move #2 to').selectOption('open');
    await column('Open').getByText('Pay with a gift card').waitFor();
    await shows(() => Promise.resolve(moves), ['close', 'reopen']);
    await picture(page, 'issue-board-state');

    await page.getByLabel('Columns').selectOption('label');
    await column('wish').getByText('Pay with a gift card').waitFor();
    await column('wish').getByLabel('Move #2 to').selectOption('bug');
    await column('bug').getByText('Pay with a gift card').waitFor();
    await column('bug').getByLabel('Move #2 to').selectOption('');
    await column('No label').getByText('Pay with a gift card').waitFor();
    await column('bug').getByText('Pay with a gift card').waitFor({ state: 'detached' });
    const { db } = slipway.database;
    const labelsOf = async () => (await db.issue.findFirstOrThrow({ where: { number: 2 } })).labels;
    await shows(labelsOf, ['money']);
    await settle(page);
    await picture(page, 'issue-board-label');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('keeps what was typed when the server refuses it, and after a reload [A-UI-03]', async () => {
    const { page } = window;
    await page.goto(`${slipway.baseUrl}${issues}/new`);
    await page.getByLabel('Title').fill('x'.repeat(301));
    await page.getByLabel('Description', { exact: true }).fill('Do not lose this.');
    await page.getByRole('button', { name: 'Open issue' }).click();
    await page.locator('.field.invalid').getByLabel('Title').waitFor();
    await shows(
      () => page.getByLabel('Description', { exact: true }).inputValue(),
      'Do not lose this.',
    );
    await page.reload();
    await page.getByLabel('Description', { exact: true }).waitFor();
    await shows(
      () => page.getByLabel('Description', { exact: true }).inputValue(),
      'Do not lose this.',
    );
  });

  it('fits a phone, light and dark, and axe finds nothing [A-UI-03]', async () => {
    const found: string[] = [];
    for (const [name, look] of [
      ['phone', { ...phone, scheme: 'dark' }],
      ['desk', { scheme: 'light' }],
      ['dark', { scheme: 'dark' }],
    ] as const) {
      const small = await openWindow(look);
      await signIn(small.page, slipway, admin(slipway));
      const pages = {
        list: issues,
        board: `${issues}?view=board&by=label`,
        page: `${issues}/1`,
        new: `${issues}/new`,
      };
      for (const [what, path] of Object.entries(pages)) {
        await small.page.goto(slipway.baseUrl + path);
        await settle(small.page);
        await picture(small.page, `issues-${what}-${name}`);
        if ((await sidewaysScroll(small.page)) > 0) found.push(`${what} scrolls sideways`);
        found.push(...(await axeFindings(small.page)).map((each) => `${what}: ${each}`));
        if (what !== 'list') continue;
        for (const box of ['Label', 'Assignee', 'Author']) {
          await small.page.getByRole('combobox', { name: box }).click();
          await small.page.getByRole('option', { name: /^Any/u }).waitFor();
          if ((await sidewaysScroll(small.page)) > 0) found.push(`${box} scrolls sideways`);
          const left = (await small.page.getByRole('listbox').boundingBox())?.x ?? -1;
          if (left < 0) found.push(`${box} begins at ${String(left)}`);
          await picture(small.page, `issues-${box}-${name}`);
          await small.page.keyboard.press('Escape');
        }
      }
      await small.close();
    }
    expect(found).toEqual([]);
  });
});
