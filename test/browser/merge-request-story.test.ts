import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { answerAt, expectAnswer, previewFiles, pushBranch } from '../support/previewable.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import {
  admin,
  axeFindings,
  openWindow,
  phone,
  picture,
  settle,
  sidewaysScroll,
  signIn,
  type Window,
} from './browser.ts';

jest.setTimeout(300_000);

/** Room for a preview that comes up on a machine that has much else to do. */
const patient = { timeout: 120_000 };

/** `acceptance` runs by hand only: until then it has not reported. */
function storyFiles(version: string): Record<string, string> {
  const files = previewFiles(version);
  const pipeline = (files['.platform.yaml'] ?? '').replace(
    'deploy:',
    `  - name: acceptance
    network: none
    when: { event: api }
    commands: [echo accepted]
deploy:`,
  );
  return { ...files, '.platform.yaml': `on: [merge_request, api]\n${pipeline}` };
}

describe('the story of a merge request', () => {
  let slipway: Slipway;
  let work: WorkTree;
  const windows: Window[] = [];

  const open = async (look: Parameters<typeof openWindow>[0] = {}): Promise<Window> => {
    const window = await openWindow(look);
    windows.push(window);
    await signIn(window.page, slipway, admin(slipway));
    return window;
  };

  beforeAll(async () => {
    slipway = await startSlipway();
    await slipway.request('POST', '/api/v1/projects', { name: 'app' });
    work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
    await work.write({ 'README.md': '# app\n' });
    await work.commit('Begin');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    await slipway.request('POST', '/api/v1/projects/admin/app/protected-branches', {
      pattern: 'main',
      requiredChecks: ['acceptance'],
    });
    await pushBranch(work, 'greeting', storyFiles('hello from the preview'));
  }, 180_000);

  afterAll(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    await Promise.all(windows.map((window) => window.close()));
    await work.remove();
    await slipway.stop();
    expect(complaints).toEqual([]);
  }, 120_000);

  it('opened, its preview reachable, reviewed on a line, blocked by a check that has not reported, merged when green, preview gone [A-UI-03] [A-MR-03]', async () => {
    const { page } = await open();
    await page.goto(`${slipway.baseUrl}/projects/admin/app/merge-requests/new?source=greeting`);
    await page.getByLabel('Title').fill('Say hello');
    await page.getByRole('button', { name: 'Open merge request' }).click();
    await page.getByRole('heading', { name: 'Say hello' }).waitFor();

    // it comes up by itself while the page is open
    const preview = page.getByRole('region', { name: 'Preview' });
    await preview.getByText('Preview is running').waitFor(patient);
    const link = preview.getByRole('link', { name: 'Open preview' });
    const url = (await link.getAttribute('href')) ?? '';
    await expectAnswer(url, 'hello from the preview');

    const box = page.getByRole('region', { name: 'Can it be merged?' });
    await box.getByText(/acceptance has not reported for/).waitFor(patient);
    expect(await box.getByRole('button', { name: 'Merge', exact: true }).count()).toBe(0);
    await settle(page);
    await picture(page, 'mr-preview-light');
    expect(await axeFindings(page)).toEqual([]);
    for (const [name, look] of [
      ['dark', { scheme: 'dark' }],
      ['phone-light', { ...phone, scheme: 'light' }],
      ['phone-dark', { ...phone, scheme: 'dark' }],
    ] as const) {
      const other = await open(look);
      await other.page.goto(`${slipway.baseUrl}/projects/admin/app/merge-requests/1`);
      await other.page.getByText('Preview is running').waitFor(patient);
      await settle(other.page);
      await picture(other.page, `mr-preview-${name}`);
      expect(await sidewaysScroll(other.page)).toBeLessThanOrEqual(0);
      expect(await axeFindings(other.page)).toEqual([]);
    }

    await page.getByRole('link', { name: 'Changes' }).click();
    const file = page.getByRole('region', { name: 'server.mjs' });
    await file.getByText('const VERSION').hover();
    await file.getByRole('button', { name: 'Comment on line 2', exact: true }).click();
    await page.getByRole('textbox', { name: 'Comment on line 2' }).fill('In which language?');
    await page.keyboard.press('Control+Enter');
    await file.locator('.thread').getByText('In which language?').waitFor();

    // the check reports, and what was blocked can be merged
    await slipway.request('POST', '/api/v1/projects/admin/app/pipelines', { ref: 'greeting' });
    await page.getByRole('link', { name: /^Conversation/ }).click();
    await box.getByText('Ready to merge').waitFor(patient);
    await box.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByRole('status').getByText('Merged', { exact: true }).waitFor(patient);
    await preview.getByText('Preview is gone').waitFor(patient);
    await settle(page);
    await picture(page, 'mr-preview-gone');
    expect(await axeFindings(page)).toEqual([]);
    const refused = async () => ((await answerAt(url)) === 'refused' ? true : undefined);
    await eventually(refused, 60_000);
  });
});
