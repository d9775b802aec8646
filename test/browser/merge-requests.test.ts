import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import type { WorkTree } from '../support/git-client.ts';
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
import { addManyMembers, makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const project = '/projects/admin/shop';
const robin = { name: 'robin', password: 'a long enough password' };

/** Runs on main only: branches get no pipeline until their own definition asks for one. */
const definition = `on: [api]
steps:
  - name: test
    commands: ["echo all is well"]
`;

const server = `export const port = 8080;

/** Says hello. */
export function hello(): string {
  return 'hello';
}
${Array.from({ length: 30 }, (_, index) => `\n/** Number ${String(index)}. */\nexport const value${String(index)} = ${String(index)};\n`).join('')}
export const last = true;
`;

describe('merge requests in the browser', () => {
  let slipway: Slipway;
  let tree: WorkTree;
  const windows: Window[] = [];

  const open = async (who = admin(slipway)): Promise<Window> => {
    const window = await openWindow();
    windows.push(window);
    await signIn(window.page, slipway, who);
    return window;
  };
  const must = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await slipway.request(method, path, body);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };

  beforeAll(async () => {
    slipway = await startSlipway();
    tree = await makeProject(slipway, 'shop', definition);
    await tree.write({ 'src/server.ts': server });
    await tree.commit('Serve');
    await tree.git('push', '--quiet', 'origin', 'main');
    await must('POST', '/api/v1/users', {
      ...robin,
      displayName: 'Robin Doe',
      email: 'robin@example.com',
    });
    await must('POST', '/api/v1/projects/admin/shop/members', { user: 'robin', role: 'developer' });
    await must('POST', '/api/v1/projects/admin/shop/issues', { title: 'The port is taken' });
    await must('POST', '/api/v1/projects/admin/shop/protected-branches', {
      pattern: 'main',
      requiredApprovals: 1,
      requiredChecks: ['test'],
    });
    await tree.git('switch', '--quiet', '--create', 'other-port');
    await tree.write({
      'src/server.ts': server
        .replace('port = 8080', 'port = 9090')
        .replace('last = true', 'last = false'),
      'docs/port.md': '# Port\n\nIt is 9090 now.\n',
    });
    await tree.commit('Listen on 9090');
    await tree.git('push', '--quiet', 'origin', 'other-port');
  });
  afterAll(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    await Promise.all(windows.map((window) => window.close()));
    await tree.remove();
    await slipway.stop();
    expect(complaints).toEqual([]);
  });

  it('is opened after a look at commits and changes, commented on a line, reviewed, blocked by a check that has not reported, and merged when it is green [A-UI-03]', async () => {
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}${project}/merge-requests`);
    await page.getByText('No open merge requests').waitFor();
    await page.getByRole('link', { name: 'New merge request' }).first().click();
    await page.getByLabel('Merge', { exact: true }).fill('other-p');
    await page.getByRole('option', { name: 'other-port' }).click();
    await page.locator('.diff-add').first().waitFor();
    await page.getByRole('list', { name: 'Commits' }).getByText('Listen on 9090').waitFor();
    await shows(() => page.getByLabel('Title').inputValue(), 'Listen on 9090');
    await page.getByLabel('Description', { exact: true }).fill('Closes #1: **8080** is taken.');
    await settle(page);
    await picture(page, 'mr-new');
    await page.getByRole('button', { name: 'Open merge request' }).click();
    await page.getByRole('heading', { name: 'Listen on 9090' }).waitFor();

    const box = page.getByRole('region', { name: 'Can it be merged?' });
    await box.getByText('Check: test').waitFor();
    await box.getByText(/test has not reported for/).waitFor();
    await box.getByText('0 of 1 approvals of this commit.').waitFor();
    expect(await box.getByRole('button', { name: 'Merge', exact: true }).count()).toBe(0);
    await settle(page);
    await picture(page, 'mr-blocked');
    expect(await axeFindings(page)).toEqual([]);

    // somebody else reads it, writes about a line and approves
    const other = await open(robin);
    await other.page.goto(`${slipway.baseUrl}${project}/merge-requests/1?tab=changes`);
    const file = other.page.getByRole('region', { name: 'src/server.ts' });
    await file.locator('.hljs-keyword').first().waitFor();
    await file.locator('.diff-word').first().waitFor();
    await file.getByText('export const port = 9090').hover();
    await file.getByRole('button', { name: 'Comment on line 1', exact: true }).click();
    await other.page
      .getByRole('textbox', { name: 'Comment on line 1' })
      .fill('Why not from the environment?');
    await other.page.keyboard.press('Control+Enter');
    await file.locator('.thread').getByText('Why not from the environment?').waitFor();
    // the lines between the two changes come when they are asked for
    await file.getByRole('button', { name: /more lines above/ }).click();
    await file.getByText('export const value29 = 29').waitFor();
    await settle(other.page);
    await picture(other.page, 'mr-changes');
    expect(await axeFindings(other.page)).toEqual([]);
    await other.page.getByLabel('Viewed docs/port.md').check();
    await other.page.getByText('1 of 2 viewed').waitFor();
    await other.page.reload();
    await other.page.getByText('1 of 2 viewed').waitFor();
    await other.page.getByRole('button', { name: 'Review', exact: true }).click();
    await other.page.getByLabel('Approve').check();
    await other.page.getByRole('textbox', { name: 'Words' }).fill('Good.');
    await picture(other.page, 'mr-review');
    await other.page.getByRole('button', { name: 'Send review' }).click();

    // the author sees all of it without a reload, answers, resolves
    await box.getByText('0 of 1 approvals of this commit.').waitFor({ state: 'detached' });
    const thread = page.locator('.thread', { hasText: 'Why not from the environment?' });
    await thread.getByRole('button', { name: 'Answer' }).click();
    await page.getByRole('textbox', { name: 'Answer' }).fill('It comes with the next one.');
    await page.keyboard.press('Control+Enter');
    await thread.getByText('It comes with the next one.').waitFor();
    await thread.getByRole('button', { name: 'Resolve' }).click();
    // a resolved thread folds: only its place and who resolved it stay
    await page
      .locator('.thread')
      .getByText(/resolved by/)
      .waitFor();
    await settle(page);
    await picture(page, 'mr-conversation');

    // the check that nobody had run reports, and it can be merged
    await must('POST', '/api/v1/projects/admin/shop/pipelines', { ref: 'other-port' });
    await box.getByText('Ready to merge').waitFor({ timeout: 180_000 });
    await page.getByRole('link', { name: 'Checks' }).click();
    await page.locator('.line-row .state-success').waitFor();
    await picture(page, 'mr-checks');
    await page.getByRole('link', { name: /^Conversation/ }).click();
    await box.getByText('Ready to merge').waitFor();
    await picture(page, 'mr-ready');
    await box.getByLabel('How').selectOption('squash');
    await box.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByRole('status').getByText('Merged', { exact: true }).waitFor();
    await settle(page);
    await picture(page, 'mr-merged');
    expect(await axeFindings(page)).toEqual([]);
    await page.goto(`${slipway.baseUrl}${project}/issues/1`);
    await page.getByRole('status').getByText('Closed').waitFor();
    await tree.git('fetch', '--quiet', 'origin', 'main');
    expect(await tree.git('show', 'FETCH_HEAD:src/server.ts')).toContain('port = 9090');
  });

  it('are narrowed by any of many people as their author [A-UI-03]', async () => {
    await addManyMembers(slipway, 'shop', ['zoe-1']);
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}${project}/merge-requests?state=all`);
    const list = page.getByRole('list', { name: 'Merge requests' });
    await list.getByText('Listen on 9090').waitFor();
    const author = page.getByRole('combobox', { name: 'Author' });
    await author.click();
    await page.getByText('There are more: type a part of the name.').waitFor();
    await page.keyboard.type('ZOE');
    await shows(() => page.getByRole('option').allTextContents(), ['zoe-1']);
    await picture(page, 'mrs-author');
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('author') === 'zoe-1');
    await page.getByText('No merge request matches this filter').waitFor();
    await author.press('ArrowDown');
    await page.getByRole('option', { name: 'Any author' }).waitFor();
    await page.keyboard.press('Escape');
    await shows(() => author.inputValue(), 'zoe-1');
    await author.press('ArrowDown');
    await page.getByRole('option', { name: 'Any author' }).click();
    await list.getByText('Listen on 9090').waitFor();
  });

  it('fits a phone, light and dark; a push makes an approval stale and a thread outdated [A-UI-03]', async () => {
    await tree.git('fetch', '--quiet', 'origin', 'main');
    await tree.git('switch', '--quiet', 'main');
    await tree.git('reset', '--quiet', '--hard', 'FETCH_HEAD');
    await tree.git('switch', '--quiet', '--create', 'say-thanks');
    await tree.write({ 'src/thanks.ts': "export const thanks = 'thanks';\n" });
    const head = await tree.commit('Say thanks');
    await tree.git('push', '--quiet', 'origin', 'say-thanks');
    const base = '/api/v1/projects/admin/shop/merge-requests';
    await must('POST', base, { title: 'Say thanks', sourceBranch: 'say-thanks' });
    await must('POST', `${base}/2/comments`, {
      body: 'Say it in their language.',
      position: { commitSha: head, path: 'src/thanks.ts', side: 'new', line: 1 },
    });
    const reviewer = await open(robin);
    await reviewer.page.goto(`${slipway.baseUrl}${project}/merge-requests/2`);
    await reviewer.page.getByRole('button', { name: 'Review', exact: true }).click();
    await reviewer.page.getByRole('button', { name: 'Send review' }).click();
    await reviewer.page.getByText('approved').first().waitFor();
    await tree.write({ 'src/thanks.ts': 'export const gratitude = String(1 + 1);\n' });
    await tree.commit('Say it otherwise');
    await tree.git('push', '--quiet', 'origin', 'say-thanks');
    await reviewer.page.getByText('stale').first().waitFor();
    await reviewer.page.locator('.thread').getByText('outdated').waitFor();
    const found: string[] = [];
    const views = {
      list: `${project}/merge-requests?state=all`,
      new: `${project}/merge-requests/new?source=say-thanks`,
      conversation: `${project}/merge-requests/2`,
      commits: `${project}/merge-requests/2?tab=commits`,
      changes: `${project}/merge-requests/1?tab=changes`,
      split: `${project}/merge-requests/1?tab=changes&diff=split`,
      checks: `${project}/merge-requests/1?tab=checks`,
    };
    for (const [name, look] of [
      ['phone', { ...phone, scheme: 'light' }],
      ['dark', { scheme: 'dark' }],
    ] as const) {
      const window = await openWindow(look);
      windows.push(window);
      await signIn(window.page, slipway, admin(slipway));
      for (const [view, path] of Object.entries(views)) {
        await window.page.goto(slipway.baseUrl + path);
        await settle(window.page);
        await picture(window.page, `mrs-${view}-${name}`);
        if ((await sidewaysScroll(window.page)) > 0) found.push(`${view} ${name} scrolls sideways`);
        const findings = await axeFindings(window.page);
        found.push(...findings.map((each) => `${view} ${name}: ${each}`));
      }
    }
    expect(found).toEqual([]);
  });
});
