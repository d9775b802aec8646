import { execFileSync } from 'node:child_process';
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
import { failingDefinition, gatedDefinition, makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

describe('a run, watched', () => {
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
    await signIn(window.page, slipway, admin(slipway));
  });
  afterEach(async () => {
    const { complaints } = window;
    await window.close();
    expect(complaints).toEqual([]);
  });

  it('appears by itself after a push, streams its output, waits at the gate and ends when approved [A-UI-04]', async () => {
    const { page } = window;
    const tree = await makeProject(slipway, 'shop', gatedDefinition);
    await page.goto(`${slipway.baseUrl}/projects/admin/shop/pipelines`);
    await page.getByText('No pipelines').waitFor();
    await tree.git('push', '--quiet', 'origin', 'main');
    // no reload: the event stream brings it
    await page.getByRole('link', { name: 'Open the shop' }).click();

    const graph = page.getByRole('group', { name: 'Graph of the steps' });
    await graph.getByRole('link', { name: /^test, Running/ }).click();
    await page.waitForURL('**step=test');
    const log = page.getByRole('region', { name: 'Output of test' });
    // Which line comes first into sight depends on how far the output is when the page follows it.
    await log
      .getByText(/^ok case \d+$/)
      .first()
      .waitFor();
    await graph.getByRole('link', { name: /^test, Running/ }).waitFor();
    await log.locator('.ansi-fg-2', { hasText: /^ok$/ }).first().waitFor();
    await log.getByText('ok case 40', { exact: true }).waitFor();

    await graph.getByRole('link', { name: /^approve, Waiting/ }).waitFor();
    await page.getByRole('link', { name: '1 gate waiting for you' }).waitFor();
    await picture(page, 'run-light');
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByLabel('Reason').fill('looks right');
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
    await graph.getByRole('link', { name: /^publish, Passed/ }).waitFor();
    await page.getByRole('link', { name: '0 gates waiting for you' }).waitFor();
    await page.getByRole('button', { name: 'Run again' }).waitFor();
    await page
      .getByRole('table', { name: 'Files of artifacts' })
      .getByText('dist/app.txt')
      .waitFor();
    await graph.getByRole('link', { name: /^approve, Passed/ }).click();
    await page.getByText('looks right').first().waitFor();
    await tree.remove();
  });

  it('shows what a step asked of the network and what was refused; the list is a setting [A-UI-04]', async () => {
    const { page } = window;
    const reaching =
      'steps:\n  - { name: out, commands: ["curl -sS -m 5 http://198.51.100.9/ || true"] }\n';
    const tree = await makeProject(slipway, 'walled', reaching);
    await page.goto(`${slipway.baseUrl}/projects/admin/walled/settings`);
    await page.getByLabel('Steps may reach').selectOption('list');
    await page.getByLabel('List').fill('registry.example.org:443\n*.example.org');
    await picture(page, 'egress-settings');
    const section = page.locator('section.section', { hasText: 'Network of steps' });
    await section.getByRole('button', { name: 'Save' }).click();
    await page.getByText('it counts for steps that begin from now on').waitFor();
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/walled/pipelines`);
    await page.locator('.line-row .state-success').waitFor();
    await page.getByRole('link', { name: 'Open the shop' }).click();
    const asked = page.getByRole('table', { name: 'What out asked of the network' });
    await asked.getByText('198.51.100.9:80').waitFor();
    await asked.getByText('refused').waitFor();
    await picture(page, 'egress-run');
    expect(await axeFindings(page)).toEqual([]);
    await tree.remove();
  });

  it('gives out an artifact of many files by one click, and lists all of them [A-UI-04] [A-PIPE-07]', async () => {
    const { page } = window;
    const making =
      'steps:\n  - name: build\n    commands: ["mkdir out", "for i in $(seq 100 219); do echo $i > out/$i.txt; done"]\n    artifacts: [{ name: report, path: "out/**", expires: 30d }, { name: one, path: out/150.txt }]\n';
    const tree = await makeProject(slipway, 'many-files', making);
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/many-files/pipelines`);
    await page.locator('.line-row .state-success').waitFor();
    await page.getByRole('link', { name: 'Open the shop' }).click();
    const sets = page.getByRole('table', { name: 'Artifacts', exact: true });
    await shows(() => sets.getByRole('row').count(), 3);
    const files = page.getByRole('table', { name: 'Files of artifacts' }).getByRole('row');
    await shows(() => files.count(), 51);
    expect(await files.nth(2).textContent()).toContain('out/100.txt');
    await settle(page);
    for (const [name, size] of [['light', desktop] as const, ['phone', phone] as const]) {
      await page.setViewportSize(size);
      await sets.scrollIntoViewIfNeeded();
      await picture(page, `artifacts-${name}`);
      expect(await sidewaysScroll(page)).toBe(0);
    }
    await page.emulateMedia({ colorScheme: 'dark' });
    await settle(page);
    await picture(page, 'artifacts-phone-dark');
    expect(await axeFindings(page)).toEqual([]);
    await page.setViewportSize(desktop);
    await settle(page);
    await picture(page, 'artifacts-dark');
    expect(await axeFindings(page)).toEqual([]);
    for (let more = 0; more < 2; more += 1) {
      const before = await files.count();
      await page.getByRole('button', { name: 'Show more' }).click();
      await shows(async () => (await files.count()) > before, true);
    }
    expect(await files.count()).toBe(122);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download .tar.gz of report, step build, 120 files' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('report.tar.gz');
    const names = execFileSync('tar', ['-tzf', await download.path()], { encoding: 'utf8' });
    expect(names.trim().split('\n').sort()).toHaveLength(120);
    await tree.remove();
  });

  it('opens a failed step at its first failure; lines link; the log is searched [A-UI-04]', async () => {
    const { page } = window;
    const tree = await makeProject(slipway, 'broken', failingDefinition);
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/broken/pipelines`);
    await page.locator('.line-row .state-failure').waitFor();
    await page.getByRole('link', { name: 'Open the shop' }).click();
    const log = page.getByRole('region', { name: 'Output of test' });
    await log.getByText('Error: the total is wrong').last().waitFor();
    await page.getByText('exit code 3').waitFor();
    expect(await log.locator('.log-line').count()).toBeLessThan(120);

    await page.keyboard.press('/');
    await page.keyboard.type('after 39');
    await page.getByText('1 of 11').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('2 of 11').waitFor();
    await log.locator('.log-line.current', { hasText: 'after 390' }).waitFor();

    const run = new URL(page.url()).pathname;
    await page.goto(`${slipway.baseUrl}${run}?step=test#L3`);
    await log.locator('.log-line.marked').waitFor();
    await shows(() => log.locator('.log-line.marked .log-number').textContent(), '3');
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname !== run);
    await tree.remove();
  });

  it('names file, line and column of a definition that is not valid [A-UI-04]', async () => {
    const { page } = window;
    const tree = await makeProject(
      slipway,
      'typo',
      'steps:\n  - name: test\n    comands: [npm test]\n',
    );
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/typo/pipelines`);
    await page.locator('.line-row .state-failure').waitFor();
    await page.getByRole('link', { name: 'Open the shop' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The pipeline definition is not valid').waitFor();
    await alert.getByRole('link', { name: /^\.platform\.yaml:3:\d+$/ }).click();
    await page.locator('.code-line.marked').waitFor();
    expect(await page.locator('.code-line.marked').textContent()).toContain('comands');
    await tree.remove();
  });

  it('pauses, resumes and cancels, with the pending state on the button [A-UI-04]', async () => {
    const { page } = window;
    const tree = await makeProject(
      slipway,
      'slow',
      'steps:\n  - name: one\n    commands: [sleep 4]\n  - name: two\n    commands: [sleep 60]\n',
    );
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/slow/pipelines`);
    await page.getByRole('link', { name: 'Open the shop' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    const graph = page.getByRole('group', { name: 'Graph of the steps' });
    await graph.getByRole('link', { name: /^two, Running/ }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByLabel('Reason').fill('wrong branch');
    await page.getByRole('button', { name: 'Cancel the pipeline' }).click();
    await graph.getByRole('link', { name: /^two, Cancelled/ }).waitFor();
    await page.getByRole('button', { name: 'Run again' }).waitFor();
    await tree.remove();
  });

  it('says that the connection is lost, and catches up by itself without losing or doubling a line [A-UI-04]', async () => {
    const { page } = window;
    const tree = await makeProject(
      slipway,
      'long',
      "steps:\n  - name: count\n    commands: ['for i in $(seq 1 200); do echo line $i; sleep 0.1; done']\n",
    );
    await tree.git('push', '--quiet', 'origin', 'main');
    await page.goto(`${slipway.baseUrl}/projects/admin/long/pipelines`);
    await page.getByRole('link', { name: 'Open the shop' }).click();
    const log = page.getByRole('region', { name: 'Output of count' });
    // which line is in sight depends on how far the output is
    await log
      .getByText(/^line \d+$/)
      .first()
      .waitFor();
    await slipway.kill('api');
    await page.getByText('Connection lost, retrying').waitFor();
    await slipway.start('api');
    await page.getByText('Connection lost, retrying').waitFor({ state: 'detached' });
    await log.getByText('line 200', { exact: true }).waitFor({ timeout: 120_000 });
    const lines = await page.evaluate(
      'fetch(location.pathname.replace("/pipelines/", "/api/v1/pipelines/") + "/steps/count/logs").then((r) => r.text())',
    );
    const written = String(lines).split('\n').length - 1;
    await page.getByText(`${String(written)} lines`, { exact: true }).waitFor();
    // the browser itself reports requests that found nobody listening
    window.complaints.length = 0;
    await tree.remove();
  });

  it('draws the same run dark [A-UI-04]', async () => {
    const dark = await openWindow({ scheme: 'dark' });
    await signIn(dark.page, slipway, admin(slipway), '/pipelines');
    await dark.page.locator('[data-item]').last().click();
    await settle(dark.page);
    await picture(dark.page, 'run-dark');
    expect(await axeFindings(dark.page)).toEqual([]);
    expect(dark.complaints).toEqual([]);
    await dark.close();
  });
});
