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
import type { BrowserContext, Page, Request } from 'playwright-core';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { admin, openWindow, picture, settle, shows, signIn, type Window } from './browser.ts';

jest.setTimeout(600_000);

describe('signing in and finding one’s way', () => {
  let slipway: Slipway;
  let window: Window;

  beforeAll(async () => {
    slipway = await startSlipway();
  });
  afterAll(async () => {
    await slipway.stop();
  });
  beforeEach(async () => {
    window = await openWindow();
  });
  afterEach(async () => {
    const { complaints } = window;
    await window.close();
    expect(complaints).toEqual([]);
  });

  it('is served by the platform itself at / and at deep links, from no other host [A-UI-01]', async () => {
    for (const path of [
      '/',
      '/projects',
      '/pipelines/run_x',
      '/admin/users',
      '/any/thing/at/all',
    ]) {
      const answer = await fetch(slipway.baseUrl + path, { headers: { accept: 'text/html' } });
      expect([path, answer.status]).toEqual([path, 200]);
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self'");
      expect(policy).not.toContain('unsafe');
      expect(await answer.text()).toContain('<div id="app">');
    }
    await signIn(window.page, slipway, admin(slipway));
    await settle(window.page);
  });

  it('tells a wrong password apart and keeps the name that was typed [A-UI-01]', async () => {
    const { page } = window;
    await page.goto(slipway.baseUrl);
    await page.getByLabel('Name', { exact: true }).fill('admin');
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Name or password is wrong', { exact: true }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('admin');
    expect(await page.getByRole('alert').textContent()).toMatch(/Request req_/);
  });

  it('leads back to the page that was asked for, and never to another site [A-UI-01]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway), '/settings/tokens?x=1');
    await page.waitForURL('**/settings/tokens?x=1');
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to Slipway' }).waitFor();
    await signIn(page, slipway, admin(slipway), '/sign-in?return=//evil.example/x');
    await settle(page);
    expect(new URL(page.url()).pathname).toBe('/');
    expect(new URL(page.url()).origin).toBe(slipway.baseUrl);
  });

  it('shows a new installation its first steps with the real address [A-UI-02]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway));
    await page.getByRole('heading', { name: 'From a repository to a green pipeline' }).waitFor();
    await page.getByRole('button', { name: 'Try the sample' }).waitFor();
    const host = new URL(slipway.baseUrl).host;
    const commands = await page.locator('.command pre').allTextContents();
    expect(commands.join('\n')).toContain(`git remote add slipway http://admin@${host}/admin/`);
    await picture(page, 'first-steps');
  });

  it('has panels for the platform, recent activity and agents [A-UI-02]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway));
    const side = page.getByRole('complementary', { name: 'Platform' });
    for (const name of ['Platform', 'Recent activity', 'Active agents']) {
      await side.getByRole('heading', { name }).waitFor();
    }
    await side.getByText('database').waitFor();
    await settle(page);
    // sign-in and Home together, as they came: the page, its scripts and styles, and what it asked for
    const bytes = await page.evaluate<number>(
      `performance.getEntries().reduce((sum, one) => sum + (one.transferSize ?? 0), 0)`,
    );
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(70_000);
  });

  it('is used by keyboard alone: palette, keys, going places [A-UI-01]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway));
    await settle(page);
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.waitForURL('**/projects');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    const box = page.getByRole('combobox', { name: /^Search projects, issues/ });
    await box.fill('audit');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/admin/audit');
    await page.getByRole('table', { name: 'Audit' }).waitFor();
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.hasAttribute("data-filter")')).toBe(true);
  });

  it('keeps the chosen theme over a reload, before the first paint [A-UI-01]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway));
    const ground = () =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Account of admin' }).click();
    await page.getByRole('button', { name: 'Dark' }).click();
    await settle(page);
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await settle(page);
    expect(await ground()).toBe(dark);
  });

  it('makes a project and says how to push to it [A-UI-03]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway), '/projects/new');
    await page.getByLabel('Name', { exact: true }).fill('made-here');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.waitForURL('**/projects/admin/made-here');
    await page.getByRole('heading', { name: 'The repository is empty' }).waitFor();
    const command = await page.locator('.command pre').first().textContent();
    expect(command).toContain(`/admin/made-here.git`);
    await page.goto(`${slipway.baseUrl}/projects/new`);
    await page.getByLabel('Name', { exact: true }).fill('made-here');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByRole('alert').getByText('It exists already').waitFor();
  });

  it('shows a new token once and lists it without its text [A-UI-08]', async () => {
    const { page } = window;
    await signIn(page, slipway, admin(slipway), '/settings/tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name', { exact: true }).fill('laptop');
    await page.getByRole('button', { name: 'Make token' }).click();
    const shown = await page
      .getByRole('dialog', { name: 'Your new token' })
      .locator('pre')
      .textContent();
    expect(shown).toMatch(/^slp_/);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('cell', { name: 'laptop' }).waitFor();
    expect(await page.content()).not.toContain(shown);
  });

  it('follows what happens with one connection for ten tabs, and loses nothing when the tab that has it goes', async () => {
    const { page, context } = window;
    const streams = countStreams(context);
    await signIn(page, slipway, admin(slipway), '/projects');
    const tabs = [page];
    while (tabs.length < 10) {
      const tab = await context.newPage();
      await tab.goto(`${slipway.baseUrl}/projects`);
      await tab.getByRole('heading', { name: 'Projects' }).waitFor();
      tabs.push(tab);
    }
    const isTold = async (name: string, to: readonly Page[]): Promise<void> => {
      await slipway.request('POST', '/api/v1/projects', { name });
      for (const tab of to) await tab.getByText(name).first().waitFor();
    };
    await isTold('told-to-ten', tabs);
    expect(streams()).toBe(1);
    await tabs.shift()?.close();
    await isTold('told-to-nine', tabs);
    await shows(() => Promise.resolve(streams()), 1);
    // seven more pages in one tab, which may stay in memory for the way back
    const [tab] = tabs.slice(-1) as [Page];
    for (const path of [
      '/',
      '/pipelines',
      '/deployments',
      '/gates',
      '/notifications',
      '/admin/users',
    ]) {
      await tab.goto(slipway.baseUrl + path);
      await tab.getByRole('heading', { level: 1 }).first().waitFor();
    }
    for (const other of tabs) if (other !== tab) await other.close();
    for (let steps = 0; steps < 6; steps += 1) await tab.goBack();
    await tab.waitForURL('**/projects');
    await isTold('told-on-the-way-back', [tab]);
    await shows(() => Promise.resolve(streams()), 1);
  });

  it('leads to the sign-in page in every tab when the session has ended elsewhere, and back again', async () => {
    const { page, context } = window;
    await signIn(page, slipway, admin(slipway), '/settings/tokens?x=2');
    const second = await context.newPage();
    await second.goto(`${slipway.baseUrl}/pipelines?status=failure`);
    await second.getByRole('heading', { name: 'Pipelines' }).waitFor();
    const sessions = await slipway.request('GET', '/api/v1/auth/sessions');
    for (const { id } of (sessions.body as { items: { id: string }[] }).items) {
      const ended = await slipway.request('DELETE', `/api/v1/auth/sessions/${id}`);
      expect(ended.status).toBe(204);
    }
    await page.getByRole('heading', { name: 'Sign in to Slipway' }).waitFor();
    await second.getByRole('heading', { name: 'Sign in to Slipway' }).waitFor();
    await page.getByLabel('Name', { exact: true }).fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(slipway.adminPassword);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/settings/tokens?x=2');
    await second.waitForURL('**/pipelines?status=failure');
  });

  it('asks for nothing when something happens elsewhere, and once a second for what is shown', async () => {
    const { page } = window;
    for (const name of ['looked-at', 'elsewhere']) {
      await slipway.request('POST', '/api/v1/projects', { name });
    }
    await signIn(page, slipway, admin(slipway), '/projects/admin/looked-at/issues');
    await settle(page);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    // that the project was made is news still, and what it leads to is no part of this
    for (let before = -1; before !== asked.length; await page.waitForTimeout(2_000)) {
      before = asked.length;
    }
    asked.length = 0;
    const write = (project: string, title: string) =>
      slipway.request('POST', `/api/v1/projects/admin/${project}/issues`, { title });
    for (let count = 0; count < 20; count += 1) await write('elsewhere', `no ${String(count)}`);
    await page.waitForTimeout(2_500);
    expect(asked).toEqual([]);
    const start = Date.now();
    for (let count = 0; count < 20; count += 1) await write('looked-at', `yes ${String(count)}`);
    await page.getByText('yes 19').waitFor();
    const seconds = (Date.now() - start) / 1000;
    // the list, the numbers on its tabs, the labels
    expect(asked.length).toBeLessThanOrEqual(3 * (Math.ceil(seconds) + 1));
  });
});

/** How many event streams the pages of a window have open. */
function countStreams(context: BrowserContext): () => number {
  const open = new Set<Request>();
  const end = (request: Request): void => void open.delete(request);
  context.on('request', (request) => {
    if (request.headers()['accept'] === 'text/event-stream') open.add(request);
  });
  context.on('requestfinished', end);
  context.on('requestfailed', end);
  // nothing tells of the end of what a closed page had open
  return () => [...open].filter((request) => !request.frame().page().isClosed()).length;
}
