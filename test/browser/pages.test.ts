import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newId } from '../../domain/shared/new-id.ts';
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
  shows,
  sidewaysScroll,
  signIn,
  type WindowOptions,
} from './browser.ts';
import { gatedDefinition, makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const project = '/projects/admin/shop';

const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" width="48" height="24"><rect width="48" height="24" fill="#3b49d8"/></svg>\n';
const guide = `# Guide

<p align="center"><img src="logo.svg" width="96" alt="Logo"></p>

[Install](#install), [the server](../src/server.ts), [all of them](../many), press <kbd>Ctrl</kbd> <kbd>K</kbd>, H<sub>2</sub>O[^1].

- [x] done
- [ ] open, see <https://example.com/a/long/address>

| Name | Bytes | Note |
| :--- | ----: | :--: |
| \`one\` | 1,024 | **bold** |

> [!WARNING]
> Mind the gap.

<details><summary>More</summary>

\`\`\`ts
  const first = 'indented';
\`\`\`

</details>

## Install

\`\`\`sh
npm install # all of it
\`\`\`

> As it was said.

${'Long enough to scroll.\n\n'.repeat(30)}
[^1]: Water.
`;

type Scheme = 'light' | 'dark';

describe('every page', () => {
  let slipway: Slipway;
  let pages: Record<string, string>;
  let head: string;

  beforeAll(async () => {
    slipway = await startSlipway();
    const tree = await makeProject(slipway, 'shop', gatedDefinition);
    await tree.write({
      'docs/guide.md': guide,
      'docs/logo.svg': logo,
      'docs/indented.yaml': '  indented: true\n\nnext: 1\n',
      ...Object.fromEntries(Array.from({ length: 1100 }, (_, at) => [`many/f${String(at)}`, ''])),
    });
    await symlink('../docs/guide.md', path.join(tree.dir, 'many/README.md'));
    await tree.commit('Write it down');
    await tree.write({ 'src/server.ts': 'export const port = 9090;\n' });
    head = await tree.commit('Listen elsewhere');
    await tree.git('tag', 'v1.0.0');
    await tree.git('push', '--quiet', 'origin', 'main', 'v1.0.0');
    await tree.remove();
    await slipway.request('PUT', '/api/v1/projects/admin/shop/secrets/NPM_TOKEN', {
      value: 'not-a-real-one',
    });
    await slipway.request('POST', '/api/v1/users', {
      name: 'robin',
      email: 'robin@example.com',
      password: 'a long enough password',
    });
    const run = await eventually(async () => {
      const runs = await slipway.request('GET', '/api/v1/pipelines');
      return (runs.body as { items: { id: string }[] }).items[0]?.id;
    });
    pages = {
      home: '/',
      projects: '/projects',
      'new-project': '/projects/new',
      files: project,
      directory: `${project}/tree?path=src`,
      file: `${project}/file?path=src/server.ts`,
      document: `${project}/file?path=docs/guide.md`,
      drawing: `${project}/file?path=docs/logo.svg`,
      commits: `${project}/commits`,
      commit: `${project}/commits/${head}`,
      'commit-split': `${project}/commits/${head}?diff=split`,
      branches: `${project}/branches`,
      'project-pipelines': `${project}/pipelines`,
      secrets: `${project}/secrets`,
      members: `${project}/members`,
      settings: `${project}/settings`,
      pipelines: '/pipelines',
      run: `/pipelines/${run}`,
      tokens: '/settings/tokens',
      profile: '/settings/profile',
      users: '/admin/users',
      roles: '/admin/roles',
      bindings: '/admin/bindings',
      delegations: '/admin/delegations',
      audit: '/admin/audit',
      'not-found': '/no/such/page/here/at/all',
    };
  });
  afterAll(async () => {
    await slipway.stop();
  });

  const sizes: [string, WindowOptions][] = [
    ['at 1440 x 900', desktop],
    ['at 390 x 844', phone],
  ];

  // Nothing but styles asks for the scheme (web/src/styles/tokens.css), so a page that is loaded in one is looked at in both.
  it.each(sizes)(
    '%s, light and dark: axe finds nothing, nothing breaks the policy, nothing scrolls sideways [A-UI-01]',
    async (_name, size) => {
      const { page, complaints, close } = await openWindow(size);
      await signIn(page, slipway, admin(slipway));
      const found: string[] = [];
      const look = async (name: string, scheme: Scheme) => {
        const beyond = await sidewaysScroll(page);
        const here = `${name}, ${scheme}`;
        if (beyond > 0) found.push(`${here}: ${String(beyond)} px wider than the screen`);
        found.push(...(await axeFindings(page)).map((finding) => `${here}: ${finding}`));
        await picture(page, `${name}-${String(size.width)}-${scheme}`);
      };
      // a page comes up in the scheme that the one before it was left in: half of them light, half of them dark
      let [first, second]: [Scheme, Scheme] = ['light', 'dark'];
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(slipway.baseUrl + address);
        await settle(page);
        if (name === 'file') await page.locator('.code-line').first().waitFor();
        await look(name, first);
        await page.emulateMedia({ colorScheme: second });
        await settle(page);
        await look(name, second);
        [first, second] = [second, first];
      }
      await close();
      expect(found).toEqual([]);
      expect(complaints).toEqual([]);
    },
  );

  it('shows files, history, a commit’s changes and branches of a project [A-UI-03]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, admin(slipway), project);
    await page.getByRole('heading', { name: 'Shop', exact: true }).waitFor();
    await page.locator('.file-list').getByRole('link', { name: /src/ }).click();
    await page.getByRole('link', { name: /server\.ts/ }).click();
    await page.locator('.hljs-keyword').first().waitFor();
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('link', { name: 'Listen elsewhere' }).click();
    await page.locator('.diff-remove').first().waitFor();
    expect(await page.locator('.diff-add').first().textContent()).toContain('9090');
    await page.getByRole('link', { name: 'Branches' }).click();
    await page.getByRole('link', { name: 'v1.0.0' }).waitFor();
    await close();
  });

  it('finds any of many branches, and loses none when a new one comes [A-UI-03]', async () => {
    const tree = await makeProject(slipway, 'many-branches', gatedDefinition);
    // a run of each branch would keep the machine busy, and the lists of branches know nothing of runs
    await tree.write({ notes: 'nothing to run' });
    await tree.commit('Write notes [skip ci]');
    const names = Array.from({ length: 148 }, (_, at) => `topic/${String(at + 100)}`);
    const special = ['zeta/fix_1', 'zeta/fixa1'];
    const all = ['main', ...names, ...special];
    await tree.git('push', '--quiet', 'origin', ...all.map((name) => `HEAD:refs/heads/${name}`));
    const { page, close } = await openWindow();
    const place = '/projects/admin/many-branches';
    await signIn(page, slipway, admin(slipway), `${place}/branches`);
    const rows = page.getByRole('table', { name: 'Branches' }).getByRole('row');
    await shows(() => rows.count(), 101);
    await page.getByRole('button', { name: 'Show more' }).click();
    await shows(() => rows.count(), 152);
    // first by name after the default branch: what stood last on a page moves to the next one
    await tree.git('push', '--quiet', 'origin', 'HEAD:refs/heads/alpha');
    await page.getByRole('link', { name: 'alpha', exact: true }).waitFor();
    await shows(() => rows.count(), 153);
    await page.getByLabel('Filter by name').fill('FIX_1');
    await shows(() => rows.count(), 2);
    expect(await rows.nth(1).textContent()).toContain('zeta/fix_1');
    expect(await axeFindings(page)).toEqual([]);
    await picture(page, 'branches-filtered');
    await page.getByLabel('Filter by name').fill('nowhere');
    await page.getByText('No branch found').waitFor();

    await page.goto(`${slipway.baseUrl}${place}/tree`);
    await page.getByRole('combobox', { name: 'Branch or tag' }).click();
    await page.getByText('There are more: type a part of the name.').waitFor();
    await page.keyboard.type('zeta/fix_');
    await shows(() => page.getByRole('option').allTextContents(), ['zeta/fix_1']);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('ref') === 'zeta/fix_1');
    await close();
    await tree.remove();
  });

  it('renders a README without running what it holds [A-UI-03]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, admin(slipway), project);
    await page.getByText('Sells things.').last().waitFor();
    expect(await page.evaluate('window.stolen')).toBeUndefined();
    await page.getByRole('link', { name: 'The server' }).click();
    await page.locator('.code-line').first().waitFor();
    await close();
  });

  it('shows a document with its pictures, anchors and folders, and a folder to its end [A-UI-03]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, admin(slipway), `${project}/file?path=docs/guide.md`);
    const drawn = 'document.querySelector(".prose img")?.naturalWidth ?? 0';
    await shows(() => page.evaluate<number>(drawn), 48);
    await page.getByRole('link', { name: 'Install', exact: true }).click();
    await shows(() => page.evaluate('document.activeElement.id'), 'user-content-install');
    expect(new URL(page.url()).hash).toBe('#install');
    await page.getByRole('link', { name: 'all of them' }).click();
    await page.getByRole('button', { name: 'Show 101 more' }).click();
    await shows(() => page.locator('.file-list li').count(), 1102);
    expect(new URL(page.url()).pathname).toBe(`${project}/tree`);
    // the README of the folder is a symlink to the guide
    await shows(() => page.evaluate<number>(drawn), 48);
    await page.goto(`${slipway.baseUrl}${project}/file?path=docs/indented.yaml`);
    await page.locator('.hljs-attr').first().waitFor();
    expect(await page.locator('.code-line code').first().textContent()).toBe('  indented: true');
    await close();
  });

  it('keeps administration from who may not see it, in the page and in the API [A-UI-08]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, { name: 'robin', password: 'a long enough password' });
    await settle(page);
    expect(await page.getByRole('link', { name: 'Admin' }).count()).toBe(0);
    await page.goto(`${slipway.baseUrl}/admin/users`);
    await page.getByText('You may not see this').waitFor();
    expect(await page.evaluate('fetch("/api/v1/users").then((r) => r.status)')).toBe(403);
    await page.goto(slipway.baseUrl + project);
    await page.getByText('There is no project at this address').waitFor();
    await close();
  });

  it('lists users, roles, bindings, delegations and the audit to an administrator [A-UI-08]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, admin(slipway), '/admin/users');
    await page.getByRole('table', { name: 'Users' }).getByText('robin@example.com').waitFor();
    await page.getByRole('link', { name: 'Roles', exact: true }).click();
    await page.getByRole('table', { name: 'Roles' }).getByText('maintainer').first().waitFor();
    await page.getByRole('link', { name: 'Role bindings' }).click();
    await page.getByRole('table', { name: 'Role bindings' }).waitFor();
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    await page.getByRole('table', { name: 'Audit' }).locator('tbody tr').first().waitFor();
    await close();
  });

  it('tells an administrator how each part is and which events were given up, and has them tried or discarded [A-UI-08]', async () => {
    const { db } = slipway.database;
    const events = await db.event.findMany({ take: 2, orderBy: { id: 'desc' } });
    const letters = events.map(({ id: eventId }, at) => ({
      ...{ id: newId('deadLetter'), consumer: 'core', eventId, attempts: 3 },
      error: `it was the ${at === 0 ? 'first' : 'second'}, and its reason is long enough to need another line on a phone`,
    }));
    await db.eventDeadLetter.createMany({ data: letters });
    const { page, close } = await openWindow(desktop);
    await signIn(page, slipway, admin(slipway), '/admin/health');
    const parts = page.getByRole('table', { name: 'Parts' });
    await parts.getByText('2 events could not be handled').waitFor();
    expect(await parts.locator('tbody tr').first().textContent()).toContain('Needs attention');
    const given = page.getByRole('table', { name: 'Events that could not be handled' });
    await shows(() => given.locator('tbody tr').count(), 2);
    expect(await axeFindings(page)).toEqual([]);
    await picture(page, 'admin-health');
    await page.emulateMedia({ colorScheme: 'dark' });
    await settle(page);
    await picture(page, 'admin-health-dark');
    expect(await axeFindings(page)).toEqual([]);
    const row = (word: string) => given.locator('tr', { hasText: `the ${word},` });
    await row('second').getByRole('button', { name: 'Discard' }).click();
    await shows(() => given.locator('tbody tr').count(), 1);
    await row('first').getByRole('button', { name: 'Retry' }).click();
    await page.getByText('It is tried again').waitFor();
    await page.getByText('waits for a person').waitFor({ state: 'detached' });
    await close();
    await db.eventDeadLetter.deleteMany();
    for (const scheme of ['light', 'dark'] as const) {
      await db.eventDeadLetter.createMany({ data: letters });
      const small = await openWindow({ ...phone, scheme });
      await signIn(small.page, slipway, admin(slipway), '/admin/health');
      await small.page.getByRole('button', { name: 'Discard' }).first().waitFor();
      expect(await sidewaysScroll(small.page)).toBe(0);
      expect(await axeFindings(small.page)).toEqual([]);
      await picture(small.page, `admin-health-phone-${scheme}`);
      await small.close();
      await db.eventDeadLetter.deleteMany();
    }
  });

  it('sets a secret without ever showing its value [A-UI-03]', async () => {
    const { page, close } = await openWindow();
    await signIn(page, slipway, admin(slipway), `${project}/secrets`);
    await page.getByRole('button', { name: 'New secret' }).click();
    await page.getByLabel('Name', { exact: true }).fill('DEPLOY_KEY');
    await page.getByLabel('Value').fill('canary-value-1234');
    await page.getByRole('button', { name: 'Save secret' }).click();
    await page.getByRole('table', { name: 'Secrets' }).getByText('DEPLOY_KEY').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain('canary-value-1234');
    await close();
  });
});
