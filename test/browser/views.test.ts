import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { publishEvent } from '../../domain/event/publish-event.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { eventually } from '../support/eventually.ts';
import { makeRun } from '../support/notify-steps.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import {
  admin,
  axeFindings,
  desktop,
  openWindow,
  phone,
  picture,
  settle,
  shows,
  sidewaysScroll,
  signIn,
  type Window,
  type WindowOptions,
} from './browser.ts';
import { addManyMembers, makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const project = '/projects/admin/shop';
const robin = { name: 'robin', password: 'a long enough password' };
/** more than one page of the list holds */
const wishes = 104;

const definition = `steps:
  - { name: test, network: none, commands: ["echo all is well"] }
`;

describe('views of a project', () => {
  let slipway: Slipway;
  let changeId: string;
  const windows: Window[] = [];

  const open = async (who = admin(slipway), look: WindowOptions = {}): Promise<Window> => {
    const window = await openWindow(look);
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
    const tree = await makeProject(slipway, 'shop', definition);
    await tree.git('push', '--quiet', 'origin', 'main');
    await tree.remove();
    const user = { ...robin, displayName: 'Robin Doe', email: 'robin@example.com' };
    await must('POST', '/api/v1/users', user);
    await must('POST', `/api/v1${project}/members`, { user: 'robin', role: 'viewer' });
    // one after the other: the newest is the first of a list
    for (let number = 1; number <= wishes; number += 1) {
      await must('POST', `/api/v1${project}/issues`, {
        title: `Wish ${String(number)}`,
        labels: number <= 100 ? ['wish'] : ['bug'],
      });
    }
    changeId = await eventually(async () => {
      const page = await slipway.request('GET', `/api/v1${project}/pipelines`);
      const { items } = page.body as { items: { changeId: string; status: string }[] };
      return items[0]?.status === 'success' ? items[0].changeId : undefined;
    }, 180_000);
  });
  afterEach(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    await Promise.all(windows.splice(0).map((window) => window.close()));
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await slipway.stop();
  });

  it('tell the story of a change from its push to its green run [A-UI-04]', async () => {
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}/changes/${changeId}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText('Open the shop').first().waitFor();
    await page.getByText('Passed').first().waitFor();
    await settle(page);
    await picture(page, 'change');
    expect(await axeFindings(page)).toEqual([]);
    await page.locator('main a[href^="/pipelines/"]').first().click();
    await page.waitForURL('**/pipelines/run_*');
  });

  it('leave out for a viewer what a viewer may not do, and say who can [A-UI-03] [A-UI-08]', async () => {
    const { page } = await open(robin);
    await page.goto(`${slipway.baseUrl}${project}/issues`);
    await page.getByRole('list', { name: 'Issues' }).getByText('Wish 104').waitFor();
    await settle(page);
    expect(await page.getByRole('link', { name: 'New issue' }).count()).toBe(0);
    await page.getByText('Wish 104').click();
    await page.getByText('Whoever may write to the project’s issues can comment here.').waitFor();
    expect(await page.getByRole('button', { name: 'Close issue' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
    await settle(page);
    await picture(page, 'viewer-issue');
    expect(await axeFindings(page)).toEqual([]);
    await page.goto(`${slipway.baseUrl}${project}/issues?view=board`);
    await page.getByRole('region', { name: 'Open', exact: true }).getByText('Wish 104').waitFor();
    expect(await page.getByLabel(/^Move #/).count()).toBe(0);
    await page.goto(`${slipway.baseUrl}${project}/merge-requests`);
    await page.getByText('No open merge requests').waitFor();
    await settle(page);
    expect(await page.getByRole('link', { name: 'New merge request' }).count()).toBe(0);
  });

  it('page a board of more issues than one answer holds, by state and by label [A-UI-03]', async () => {
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}${project}/issues?view=board`);
    const column = (name: string) => page.getByRole('region', { name, exact: true });
    await column('Open').getByText('Wish 104', { exact: true }).waitFor();
    await column('Open').getByRole('button', { name: 'Show more' }).click();
    await column('Open').getByText('Wish 5', { exact: true }).waitFor();
    await column('Open').getByRole('button', { name: 'Show more' }).click();
    await column('Open').getByText('Wish 1', { exact: true }).waitFor();
    await column('Open').getByRole('button', { name: 'Show more' }).waitFor({ state: 'detached' });
    await page.getByLabel('Columns').selectOption('label');
    await column('bug').getByText('Wish 101', { exact: true }).waitFor();
    await column('wish').getByText('Wish 100', { exact: true }).waitFor();
    await column('wish').getByRole('button', { name: 'Show more' }).click();
    await column('wish').getByText('Wish 1', { exact: true }).waitFor();
    await settle(page);
    await picture(page, 'board-paged');
  });

  it('count a notification in the bell the moment that it is written [A-UI-02]', async () => {
    const { page } = await open();
    await settle(page);
    await page.getByRole('link', { name: /^0 unread/ }).waitFor();
    const { db } = slipway.database;
    const { id: adminId } = await db.user.findUniqueOrThrow({ where: { name: 'admin' } });
    const { id: projectId } = (await must('POST', '/api/v1/projects', { name: 'blog' })) as {
      id: string;
    };
    const run = await makeRun(db, projectId, { status: 'failure', triggeredBy: adminId });
    await inTransaction(db, (tx) =>
      publishEvent(tx, {
        type: 'pipeline.completed',
        projectId,
        changeId: run.changeId,
        actorId: adminId,
        subjectId: run.id,
        payload: { number: run.number, status: 'failure' },
      }),
    );
    await page.getByRole('link', { name: '1 unread notification', exact: true }).click();
    await page.getByRole('heading', { name: 'Notifications' }).waitFor();
    await settle(page);
    await picture(page, 'notification-live');
  });

  it('make a rule for a branch with all that it can ask for, and change it [A-UI-03] [A-MR-04]', async () => {
    await addManyMembers(slipway, 'shop', ['zoe-1', 'zoe-2']);
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}${project}/settings`);
    await page.getByRole('button', { name: 'Protect' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Required approvals').fill('2');
    await dialog.getByLabel('Required checks').fill('test');
    await dialog.getByLabel('Required checks').press('Enter');
    await dialog.getByLabel('Owners named in CODEOWNERS have to approve').check();
    await dialog.getByLabel('Squash', { exact: true }).check();
    const pushers = dialog.getByRole('combobox', { name: 'May push all the same' });
    const chosen = dialog.getByRole('list', { name: 'Chosen to push all the same' });
    for (const name of ['zoe-1', 'zoe-2']) {
      await pushers.click();
      await page.keyboard.type(name.toUpperCase());
      await shows(() => dialog.getByRole('option').allTextContents(), [name]);
      await page.keyboard.press('Enter');
      await chosen.getByText(name).waitFor();
    }
    await settle(page);
    await picture(page, 'protect-dialog');
    expect(await axeFindings(page)).toEqual([]);
    await dialog.getByRole('button', { name: 'Protect' }).click();
    const table = page.getByRole('table', { name: 'Protected branches' });
    await table.getByText('2 approvals · checks test · code owners · squash').waitFor();
    await page.getByRole('button', { name: 'Change main' }).click();
    await dialog.getByLabel('Required approvals').fill('1');
    await chosen.getByText('zoe-1').waitFor();
    await chosen.getByRole('button', { name: 'Remove zoe-2' }).click();
    await dialog.getByRole('button', { name: 'Save rule' }).click();
    await table.getByText('1 approval · checks test · code owners · squash').waitFor();
    const rules = await must('GET', `/api/v1${project}/protected-branches`);
    expect(rules).toMatchObject({
      items: [
        {
          pattern: 'main',
          requiredApprovals: 1,
          requiredChecks: ['test'],
          requireCodeOwners: true,
          mergeStyles: ['squash'],
          allowWriters: false,
          pushUsers: [{ name: 'zoe-1' }],
        },
      ],
    });
  });

  it('are found by the palette, by keys and by the breadcrumb [A-UI-01]', async () => {
    const { page } = await open();
    await page.goto(slipway.baseUrl + project);
    await settle(page);
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.waitForURL(`**${project}/issues`);
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByText('Issues').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL(`**${project}/merge-requests`);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /^Search projects, issues/ }).fill('Wish 77');
    await page.getByRole('option', { name: /#\d+ Wish 77/ }).click();
    await page.getByRole('heading', { name: 'Wish 77' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('w');
    await page.waitForURL('**/gates');
    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByText('Gates').waitFor();
  });

  it.each([
    ['1440 x 900, light', { ...desktop, scheme: 'light' }],
    ['1440 x 900, dark', { ...desktop, scheme: 'dark' }],
    ['390 x 844, light', { ...phone, scheme: 'light' }],
    ['390 x 844, dark', { ...phone, scheme: 'dark' }],
  ] as const)('stand at %s: nothing sideways, no finding of axe [A-UI-03]', async (_name, look) => {
    const { page } = await open(admin(slipway), look);
    const found: string[] = [];
    const pages = {
      change: `/changes/${changeId}`,
      board: `${project}/issues?view=board`,
      labels: `${project}/issues?view=board&by=label`,
      rules: `${project}/settings`,
      notifications: '/notifications',
      gates: '/gates',
    };
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(slipway.baseUrl + path);
      await settle(page);
      if ((await sidewaysScroll(page)) > 0) found.push(`${name} scrolls sideways`);
      found.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
      await picture(page, `v-${name}-${String(look.width)}-${look.scheme}`);
    }
    expect(found).toEqual([]);
  });
});
