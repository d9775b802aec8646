import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { holds } from '../support/eventually.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import {
  admin,
  axeFindings,
  desktop,
  openWindow,
  phone,
  picture,
  settle,
  sidewaysScroll,
  signIn,
  type Window,
} from './browser.ts';

jest.setTimeout(600_000);

let slipway: Slipway;
let projectId = '';
const windows: Window[] = [];

const must = async (method: string, path: string, body?: unknown) => {
  const answer = await slipway.request(method, path, body);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body as { id: string };
};

beforeAll(async () => {
  slipway = await startSlipway();
  await must('POST', '/api/v1/projects', { name: 'shop' });
  projectId = (await must('GET', '/api/v1/projects/admin/shop')).id;
  const helper = { name: 'helper', email: 'helper@example.test', kind: 'agent' };
  await must('POST', '/api/v1/users', helper);
});
afterEach(async () => {
  for (const window of windows.splice(0)) {
    expect(window.complaints).toEqual([]);
    await window.close();
  }
});
afterAll(() => slipway?.stop());

const page = '/projects/admin/shop/members';

describe('the members of a project', () => {
  it('show what was delegated of it, nothing at first, and take it back [A-RBAC-12] [A-RBAC-14]', async () => {
    for (const state of ['empty', 'one'] as const) {
      if (state === 'one') {
        await must('POST', '/api/v1/delegations', {
          delegate: 'helper',
          permission: 'project:write',
          projectId,
          reason: 'Mends the tests at night',
        });
      }
      for (const size of [desktop, phone]) {
        for (const scheme of ['light', 'dark'] as const) {
          const window = await openWindow({ ...size, scheme });
          windows.push(window);
          await signIn(window.page, slipway, admin(slipway));
          await window.page.goto(`${slipway.baseUrl}${page}`);
          await settle(window.page);
          const text = await window.page.locator('main').innerText();
          expect(text).toContain(
            state === 'empty' ? 'Nothing of this project is delegated' : 'Mends the tests at night',
          );
          expect(await sidewaysScroll(window.page)).toBeLessThanOrEqual(0);
          expect(await axeFindings(window.page)).toEqual([]);
          await picture(
            window.page,
            `project-delegations-${state}-${String(size.width)}-${scheme}`,
          );
        }
      }
    }
    const open = windows.at(-1)?.page;
    if (open === undefined) throw new Error('no window is open');
    await open.getByRole('button', { name: 'Take back' }).click();
    await open.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await holds(async () =>
      expect(await open.locator('main').innerText()).toContain('Nothing of this project'),
    );
    const list = await slipway.request('GET', '/api/v1/projects/admin/shop/delegations');
    expect(list.body).toMatchObject({ items: [] });
  });

  it('and the own tokens say which of them manage the account [A-IAM-06]', async () => {
    for (const size of [desktop, phone]) {
      for (const scheme of ['light', 'dark'] as const) {
        const window = await openWindow({ ...size, scheme });
        windows.push(window);
        await signIn(window.page, slipway, admin(slipway));
        await window.page.goto(`${slipway.baseUrl}/settings/tokens`);
        await settle(window.page);
        expect(await window.page.locator('main').innerText()).toContain('manages your account');
        expect(await axeFindings(window.page)).toEqual([]);
        await picture(window.page, `tokens-${String(size.width)}-${scheme}`);
      }
    }
  });
});
