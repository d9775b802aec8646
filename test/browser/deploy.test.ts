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
import { openDeploymentGate } from '../../domain/deploy/open-deployment-gate.ts';
import { setSyncStatus } from '../../domain/deploy/set-sync-status.ts';
import { newId } from '../../domain/shared/new-id.ts';
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
} from './browser.ts';
import { type Deployer, setUpEnvironment } from './deployer.ts';
import { seeFailedRollout } from './failed-rollout.ts';

jest.setTimeout(600_000);

describe('deployments, watched', () => {
  let slipway: Slipway;
  let window: Window;
  let staging: Deployer;
  let production: Deployer;

  beforeAll(async () => {
    // the deployer's steps are taken by hand here, so that each stage can be looked at
    slipway = await startSlipway({ workers: false });
    for (const name of ['shop', 'blog', 'fleet'])
      await slipway.request('POST', '/api/v1/projects', { name });
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

  it('says what to write into the definition while nothing is deployed [A-UI-05]', async () => {
    const { page } = window;
    await page.getByRole('link', { name: 'Deployments', exact: true }).click();
    await page.getByRole('heading', { name: 'Nothing is deployed yet' }).waitFor();
    expect(await page.locator('.command pre').first().textContent()).toContain('deploy:\n');
    await picture(page, 'deployments-empty');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('shows a rollout wave by wave as it goes, without a reload [A-UI-05]', async () => {
    const { page } = window;
    staging = await setUpEnvironment(slipway, 'shop', 'staging');
    production = await setUpEnvironment(slipway, 'shop', 'production');
    const blog = await setUpEnvironment(slipway, 'blog', 'production');
    await blog.deploy('9', 1);
    await production.deploy('a', 2);
    await production.deploy('b', 2);
    await staging.deploy('b', 1);
    await page.goto(`${slipway.baseUrl}/deployments`);
    const table = page.getByRole('table', { name: 'Environments' });
    await table.getByRole('link', { name: 'Staging of admin/shop' }).click();
    await page.getByText('Healthy', { exact: true }).first().waitFor();
    const sync = await staging.begin('c', 3);
    await page.getByText('Rolling out', { exact: true }).first().waitFor();
    await staging.mark(sync, 'healthy', [0, 1, 2], 'ready');
    await staging.mark(sync, 'applied', [3], '1 of 3 replicas ready');
    const rollout = page.getByRole('region', { name: `Rollout ${String(sync.number)}` });
    await rollout.getByText('1 of 3 replicas ready').waitFor();
    await shows(
      () => rollout.locator('.wave-head .strong').allTextContents(),
      ['PreSync', 'Sync', 'Sync', 'PostSync'],
    );
    await picture(page, 'deployment-rolling');
    expect(await axeFindings(page)).toEqual([]);
    await staging.mark(sync, 'healthy', [3, 4], 'ready');
    await setSyncStatus(slipway.database.db, { syncId: sync.id, status: 'baking', reason: null });
    await rollout.getByText(/^\d+m \d\ds left$/).waitFor();
    await picture(page, 'deployment-baking');
    await staging.finish(sync, 'succeeded');
    await page.getByText('Healthy', { exact: true }).first().waitFor();
  });

  it('goes back to a good revision that was chosen, and the rollback stands in the history [A-UI-05]', async () => {
    const { page } = window;
    await page.goto(`${slipway.baseUrl}/deployments/${production.deploymentId}`);
    await page.getByRole('button', { name: 'Roll back…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/Revision 1/).check();
    await picture(page, 'deployment-rollback-dialog');
    await dialog.getByLabel('Reason').fill('the new prices are wrong');
    await dialog.getByRole('button', { name: 'Roll back to revision 1' }).click();
    await dialog.waitFor({ state: 'detached' });
    await production.deploy('a', 2, 'rollback');
    await page.getByRole('link', { name: 'History', exact: true }).click();
    const history = page.getByRole('table', { name: 'History' });
    await history.getByText('Rollback').waitFor();
    await history.locator('tbody tr').first().getByText('revision 1').waitFor();
    await picture(page, 'deployment-history');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('shows what waits at the gate against what serves, and lets it through [A-UI-05] [A-UI-02]', async () => {
    const { page } = window;
    const { db } = slipway.database;
    const sync = await production.begin('c', 4);
    await setSyncStatus(db, { syncId: sync.id, status: 'waiting', reason: null });
    const input = { syncId: sync.id, step: 'sync', workflowId: 'none' };
    const { gateId } = await openDeploymentGate(db, input);
    await page.getByRole('link', { name: '1 gate waiting for you' }).click();
    await page.getByRole('heading', { name: 'Waiting for you' }).waitFor();
    await picture(page, 'gates-page');
    expect(await axeFindings(page)).toEqual([]);
    await page.goto(`${slipway.baseUrl}/`);
    await page
      .locator('#waiting')
      .getByRole('link', { name: /Revision 3 to production/ })
      .click();
    await page.getByRole('link', { name: 'What it changes' }).click();
    await page.locator('.diff-add').first().waitFor();
    await page.locator('.diff-add', { hasText: 'replicas: 4' }).first().waitFor();
    await picture(page, 'deployment-diff');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('link', { name: 'Overview' }).click();
    const banner = page.getByRole('region', { name: 'Gate sync' });
    // A rollout is let through or not: there is nothing to skip.
    await banner.getByRole('button', { name: 'Approve' }).waitFor();
    expect(await banner.getByRole('button').allInnerTexts()).toEqual(['Approve', 'Reject']);
    await banner.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await shows(() => db.gateDecision.count({ where: { gateId, decision: 'approve' } }), 1);
    await production.finish(sync, 'undone', 'Deployment shop: 2 of 4 pods keep failing');
    await page.getByText('Revision 3 was undone; revision 1 serves').waitFor();
    await picture(page, 'deployment-undone');
    await page.getByRole('link', { name: 'Revisions', exact: true }).click();
    await page.getByText('2 of 4 pods keep failing').waitFor();
    await page.getByRole('button', { name: 'Manifests' }).last().click();
    await page.getByLabel('Manifests of revision 1').getByText('LOG_LEVEL: info').waitFor();
    await picture(page, 'deployment-revisions');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('tells of a failed rollout beside the run that passed, in lists, on Home and on its own page [A-UI-05] [A-DEP-08]', async () => {
    await seeFailedRollout(slipway, window.page);
  });

  it('changes settings of an environment [A-UI-05]', async () => {
    const { page } = window;
    const { db } = slipway.database;
    await page.goto(`${slipway.baseUrl}/deployments/${staging.deploymentId}/settings`);
    await page.getByLabel('Bake, seconds').fill('45');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved').waitFor();
    const row = await db.deployment.findUniqueOrThrow({ where: { id: staging.deploymentId } });
    expect(row.bakeSeconds).toBe(45);
    await picture(page, 'deployment-settings');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('follows an ops repository and changes it [A-UI-05]', async () => {
    const { page } = window;
    await page.goto(`${slipway.baseUrl}/deployments/ops-repos`);
    await page.getByRole('button', { name: 'New ops repository' }).click();
    await page.getByLabel('Name', { exact: true }).fill('fleet');
    await page.getByLabel('Address').fill('/admin/fleet.git');
    await page.getByRole('button', { name: 'Follow it' }).click();
    await page.getByRole('button', { name: 'Change fleet' }).click();
    await page.getByLabel('Branch').fill('live');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('table', { name: 'Ops repositories' }).getByText('live').waitFor();
    await picture(page, 'ops-repos');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('follows one that lies elsewhere: its credential, and in plain words why it cannot be fetched [A-UI-05] [A-DEP-04]', async () => {
    const { page } = window;
    const { db } = slipway.database;
    const body = { name: 'OPS_TOKEN', value: 'robot:canary', scope: 'deploy' };
    await slipway.request('POST', '/api/v1/secrets', body);
    await page.goto(`${slipway.baseUrl}/deployments/ops-repos`);
    await page.getByRole('button', { name: 'New ops repository' }).click();
    await page.getByLabel('Name', { exact: true }).fill('elsewhere');
    await page.getByLabel('Address').fill('https://ops-server.invalid/acme/ops.git');
    await page.getByLabel('Credential').fill('OPS_TOKEN');
    await page.getByRole('button', { name: 'Follow it' }).click();
    const table = page.getByRole('table', { name: 'Ops repositories' });
    const row = table.getByRole('row').filter({ hasText: 'elsewhere' });
    await row.getByText('fetched soon').waitFor();
    await row.getByRole('button', { name: 'Fetch elsewhere now' }).click();
    // There are no workers here: this is what one would have written down.
    const fetchError = 'It does not take the credential.';
    await db.opsRepo.update({
      where: { name: 'elsewhere', credentialSecret: 'OPS_TOKEN' },
      data: { headSha: 'c'.repeat(40), fetchedAt: new Date(), triedAt: new Date(), fetchError },
    });
    await page.getByText('elsewhere could not be fetched').waitFor();
    await row.getByText(`${fetchError} The last commit stays in use.`).waitFor();
    await row.getByText(/^c{7,8}$/).waitFor();
    await picture(page, 'ops-repos-elsewhere');
    expect(await axeFindings(page)).toEqual([]);
  });

  it('counts what is unread, leads to it and marks it as read [A-UI-02]', async () => {
    const { page } = window;
    const { db } = slipway.database;
    const user = await db.user.findFirstOrThrow({ where: { name: 'admin' } });
    const shop = await db.project.findFirstOrThrow({ where: { name: 'shop' } });
    for (const type of ['deployment_rolled_back', 'gate_waiting', 'build_failed']) {
      await db.notification.create({
        data: {
          id: newId('notification'),
          userId: user.id,
          notificationType: type,
          channel: 'in_app',
          status: 'sent',
          subject: `admin/shop: ${type.replaceAll('_', ' ')}`,
          body: 'revision 3 failed; revision 1 serves',
          refType: 'deployment',
          refId: production.deploymentId,
          link: `/deployments/${production.deploymentId}`,
          projectId: shop.id,
        },
      });
    }
    await page.reload();
    await page.getByRole('link', { name: '3 unread notifications' }).click();
    await page.getByRole('link', { name: 'admin/shop: gate waiting' }).waitFor();
    await picture(page, 'notifications');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('link', { name: 'admin/shop: gate waiting' }).click();
    await page.waitForURL(`**/deployments/${production.deploymentId}`);
    await page.getByRole('link', { name: '2 unread notifications' }).click();
    await page.getByRole('button', { name: 'Mark all read' }).click();
    await page.getByRole('link', { name: '0 unread notifications' }).waitFor();
    await page.getByRole('link', { name: 'Preferences' }).click();
    await page.getByLabel('A pipeline failed: Mail').selectOption('all');
    await page.getByText('Saved').waitFor();
    await picture(page, 'notification-preferences');
    expect(await axeFindings(page)).toEqual([]);
  });

  it.each([
    ['1440 x 900, light', { ...desktop, scheme: 'light' }],
    ['1440 x 900, dark', { ...desktop, scheme: 'dark' }],
    ['390 x 844, light', { ...phone, scheme: 'light' }],
    ['390 x 844, dark', { ...phone, scheme: 'dark' }],
  ] as const)(
    'stands at %s: nothing sideways, no finding of axe [A-UI-05]',
    async (_name, look) => {
      const drift = [
        {
          object: 'Deployment/shop',
          path: '/spec/replicas',
          desired: 1,
          live: 5,
          manager: 'kubectl',
        },
      ];
      const { db } = slipway.database;
      await db.deployment.update({ where: { id: staging.deploymentId }, data: { drift } });
      const other = await openWindow(look);
      await signIn(other.page, slipway, admin(slipway));
      const id = production.deploymentId;
      const found: string[] = [];
      const pages = {
        deployments: '/deployments',
        deployment: `/deployments/${id}`,
        drifted: `/deployments/${staging.deploymentId}`,
        history: `/deployments/${id}/history`,
        revisions: `/deployments/${id}/revisions`,
        diff: `/deployments/${id}/diff?from=1&to=3`,
        settings: `/deployments/${id}/settings`,
        'ops-repos': '/deployments/ops-repos',
        'project-deployments': '/projects/admin/shop/deployments',
        gates: '/gates',
        notifications: '/notifications',
        preferences: '/settings/notifications',
      };
      for (const [name, path] of Object.entries(pages)) {
        await other.page.goto(slipway.baseUrl + path);
        await settle(other.page);
        const beyond = await sidewaysScroll(other.page);
        if (beyond > 0) found.push(`${name}: ${String(beyond)} px wider than the screen`);
        found.push(...(await axeFindings(other.page)).map((finding) => `${name}: ${finding}`));
        await picture(other.page, `d-${name}-${String(look.width)}-${look.scheme}`);
      }
      await other.close();
      expect(found).toEqual([]);
    },
  );
});
