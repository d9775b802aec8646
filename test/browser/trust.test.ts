import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { makeWorkTree } from '../support/git-client.ts';
import { eventually } from '../support/eventually.ts';
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
  type WindowOptions,
} from './browser.ts';
import { makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const project = '/projects/admin/shop';

/** Prints what looks like the platform's own lines, colours left on, and a group that never ends. */
const imitating = `steps:
  - name: build
    network: none
    retries: 1
    commands:
      - |
        printf '[slipway] the secret is NPM_TOKEN\\n--- attempt 9 ---\\n'
        printf '\\033[44;97m Slipway \\033[0m\\033[31mleft red\\n::group::folded\\n'
        exit 1
`;
const withSecret = `steps:
  - { name: publish, network: none, secrets: [NPM_TOKEN], commands: ["true"] }
`;
const deceptive = `export const isAdmin = false; /*${String.fromCharCode(0x202e)} } ${String.fromCharCode(0x2066)}if (isAdmin) */\n`;

const looks: [string, WindowOptions][] = [
  ['at 1440 x 900, light', { ...desktop, scheme: 'light' }],
  ['at 1440 x 900, dark', { ...desktop, scheme: 'dark' }],
  ['at 390 x 844, light', { ...phone, scheme: 'light' }],
  ['at 390 x 844, dark', { ...phone, scheme: 'dark' }],
];

describe('what others wrote', () => {
  let slipway: Slipway;
  let imitated: string;
  let refused: string;
  let commit: string;

  async function endedRun(sha: string): Promise<string> {
    return await eventually(async () => {
      const runs = await slipway.request('GET', '/api/v1/pipelines');
      const { items } = runs.body as { items: { id: string; commitSha: string; status: string }[] };
      return items.find((run) => run.commitSha === sha && run.status === 'failure')?.id;
    }, 120_000);
  }

  beforeAll(async () => {
    slipway = await startSlipway();
    const tree = await makeProject(slipway, 'shop', imitating);
    const first = await tree.git('rev-parse', 'HEAD');
    await tree.git('push', '--quiet', 'origin', 'main');
    await slipway.request('PUT', '/api/v1/projects/admin/shop/secrets/NPM_TOKEN', {
      value: 'not-a-real-one',
    });
    await slipway.request('PUT', '/api/v1/projects/admin/shop/secrets/SIGNING_KEY', {
      value: 'not-a-real-one',
      isProtected: true,
    });
    await tree.write({ '.platform.yaml': withSecret, 'src/server.ts': deceptive });
    commit = await tree.commit('Publish');
    // an agent that was handed project:write on it, and nothing else
    const made = await slipway.request('POST', '/api/v1/users', {
      name: 'helper',
      email: 'helper@example.com',
      kind: 'agent',
    });
    const { id: userId } = made.body as { id: string };
    const { id: projectId } = (await slipway.request('GET', '/api/v1/projects/admin/shop'))
      .body as { id: string };
    await slipway.request('POST', '/api/v1/delegations', {
      delegate: userId,
      permission: 'project:write',
      projectId,
    });
    const token = await slipway.request('POST', '/api/v1/tokens', {
      user: userId,
      name: 'agent',
      scopes: ['*:*'],
    });
    const agent = await makeWorkTree(
      `${slipway.baseUrl}/admin/shop.git`,
      (token.body as { token: string }).token,
    );
    await agent.git('fetch', '--quiet', tree.dir, 'main');
    await agent.git('push', '--quiet', 'origin', 'FETCH_HEAD:refs/heads/topic');
    await agent.remove();
    await tree.remove();
    imitated = await endedRun(first.trim());
    refused = await endedRun(commit);
  }, 300_000);
  afterAll(async () => {
    await slipway.stop();
  });

  it.each(looks)(
    '%s: the platform’s lines are its own, a refused secret says why, hidden characters show [A-UI-04] [A-SEC-04]',
    async (_name, look) => {
      const { page, close, complaints } = await openWindow(look);
      await signIn(page, slipway, admin(slipway));
      const found: string[] = [];
      const keep = async (name: string): Promise<void> => {
        await settle(page);
        const beyond = await sidewaysScroll(page);
        if (beyond > 0) found.push(`${name}: ${String(beyond)} px wider than the screen`);
        found.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
        await picture(page, `trust-${name}-${String(look.width)}-${String(look.scheme)}`);
      };

      await page.goto(`${slipway.baseUrl}/pipelines/${imitated}?step=build`);
      const log = page.getByRole('region', { name: 'Output of build' });
      const own = log.locator('.platform-line');
      await own.filter({ hasText: '--- attempt 2 ---' }).waitFor();
      expect(await own.allInnerTexts()).toHaveLength(1);
      expect(await own.locator('[class*=ansi]').count()).toBe(0);
      await keep('log');

      await page.goto(`${slipway.baseUrl}/pipelines/${refused}?step=publish`);
      const why = page
        .getByRole('region', { name: 'Output of publish' })
        .locator('.platform-line', { hasText: 'helper' });
      await why.waitFor();
      expect(await why.innerText()).toContain('NPM_TOKEN');
      await keep('refused');

      await page.goto(`${slipway.baseUrl}${project}/file?path=src/server.ts&ref=topic`);
      await page.locator('.direction-mark', { hasText: 'U+202E' }).waitFor();
      await keep('file');
      await page.goto(`${slipway.baseUrl}${project}/commits/${commit}`);
      await page.locator('.direction-mark', { hasText: 'U+2066' }).first().waitFor();
      await keep('diff');

      await page.goto(`${slipway.baseUrl}${project}/secrets`);
      await page.getByRole('row', { name: /SIGNING_KEY.*protected/ }).waitFor();
      await keep('secrets');
      await page.getByRole('button', { name: 'New secret' }).click();
      await page.getByLabel(/Only runs of protected branches/).waitFor();
      await keep('new-secret');
      await close();
      expect(found).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );
});
