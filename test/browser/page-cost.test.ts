import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { type EventInput, publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { admin, openWindow, settle, signIn, type Window } from './browser.ts';
import { makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const definition = `on: [api]
steps:
  - { name: test, commands: ["echo all is well"] }
`;
const project = '/projects/admin/shop';
const ofProject = [project, `${project}/merge-requests/1`, `${project}/pipelines`];
const robin = { name: 'robin', password: 'a long enough password' };
const sha = 'a'.repeat(40);

/** What pages have asked for, by the address that they show and the path that they asked. */
type Asked = Map<string, Map<string, number>>;

describe('what an open page costs', () => {
  let slipway: Slipway;
  let ids: Record<'shop' | 'other', string>;
  const windows: Window[] = [];

  const must = async (path: string, body: unknown): Promise<void> => {
    const answer = await slipway.request('POST', path, body);
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  };
  const open = async (who: { name: string; password: string }, path: string): Promise<Window> => {
    const window = await openWindow();
    windows.push(window);
    await signIn(window.page, slipway, who, path);
    return window;
  };

  beforeAll(async () => {
    slipway = await startSlipway({ workers: false });
    const { db } = slipway.database;
    const idOf = async (name: string): Promise<string> =>
      (await db.project.findFirstOrThrow({ where: { name } })).id;
    for (const name of ['shop', 'other']) {
      const tree = await makeProject(slipway, name, definition);
      await tree.git('push', '--quiet', 'origin', 'main');
      await tree.git('switch', '--quiet', '--create', 'topic');
      await tree.write({ 'new.txt': 'new\n' });
      await tree.commit('Add a file');
      await tree.git('push', '--quiet', 'origin', 'topic');
      await tree.remove();
    }
    const branches = { sourceBranch: 'topic', targetBranch: 'main' };
    await must(`/api/v1${project}/merge-requests`, { title: 'Add a file', ...branches });
    await must('/api/v1/users', { ...robin, email: 'robin@example.com' });
    ids = { shop: await idOf('shop'), other: await idOf('other') };
  });
  afterEach(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    await Promise.all(windows.splice(0).map((window) => window.close()));
    expect(complaints).toEqual([]);
  });
  afterAll(async () => {
    await slipway.stop();
  });

  const tell = (events: readonly EventInput[]): Promise<void> =>
    inTransaction(slipway.database.db, async (tx) => {
      for (const event of events) await publishEvent(tx, event);
    });

  it('is nothing for what it does not show, and one request a second of each thing that it does', async () => {
    const { context, page } = await open(admin(slipway), '/');
    const pages = new Map([['/', page]]);
    for (const path of ofProject) pages.set(path, await openTab(context, slipway.baseUrl + path));
    pages.set('as one who may not see it', (await open(robin, '/')).page);
    for (const each of pages.values()) await settle(each);
    const asked = listen(pages);
    await untilQuiet(page, asked);
    /** Five times about a fifth of a second apart, and what that leads to. */
    const after = async (eventsOf: () => readonly EventInput[]): Promise<Asked> => {
      asked.clear();
      for (let turn = 0; turn < 5; turn += 1) {
        await tell(eventsOf());
        await page.waitForTimeout(200);
      }
      await page.waitForTimeout(2_500);
      return new Map(asked);
    };
    // no run of another project is shown at a project's pages; Home shows runs, but neither their steps nor pushes
    const isShown = ({ type }: EventInput): boolean => type.startsWith('pipeline.');
    const hidden = await after(() => runEvents(ids.other).filter((event) => !isShown(event)));
    expect(hidden).toEqual(new Map());
    const elsewhere = await after(() => runEvents(ids.other));
    expect([...elsewhere.keys()]).toEqual(['/']);
    const home = elsewhere.get('/') ?? new Map<string, number>();
    // lists of what runs and of what has ended, and the newest of each project; of what is broken nothing is said
    const lists = '/api/v1/pipelines';
    expect([...home.keys()].sort()).toEqual([lists, `${lists} newest=project`]);
    expect(home.get(lists)).toBeLessThanOrEqual(2 * 4);
    expect(home.get(`${lists} newest=project`)).toBeLessThanOrEqual(4);
    const own = await after(() => runEvents(ids.shop));
    expect([...own.keys()].sort()).toEqual(['/', ...ofProject].sort());
    for (const path of ofProject) {
      const counts = own.get(path) ?? new Map<string, number>();
      expect(counts.size).toBeLessThanOrEqual(4);
      // at once, once a second, and for what came last
      expect(Math.max(...counts.values())).toBeLessThanOrEqual(4);
    }
  });

  it('is at most 70 kB on a first visit of Home', async () => {
    const { context, page } = await open(admin(slipway), '/settings/tokens');
    const bytes = await bytesOfVisit(context, page, `${slipway.baseUrl}/`);
    expect(bytes).toBeLessThanOrEqual(70_000);
  });
});

async function openTab(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  return page;
}

function listen(pages: ReadonlyMap<string, Page>): Asked {
  const asked: Asked = new Map();
  for (const [name, page] of pages) {
    page.on('request', (request) => {
      const { pathname, searchParams } = new URL(request.url());
      const newest = searchParams.get('newest');
      const path = newest === null ? pathname : `${pathname} newest=${newest}`;
      const counts = asked.get(name) ?? new Map<string, number>();
      asked.set(name, counts.set(path, (counts.get(path) ?? 0) + 1));
    });
  }
  return asked;
}

/** What was before a page was opened is news to it still. */
async function untilQuiet(page: Page, asked: Asked): Promise<void> {
  do {
    asked.clear();
    await page.waitForTimeout(2_000);
  } while (asked.size > 0);
}

/** Bytes on the wire of a page with an empty cache, heads of answers and all, until it has shown what it shows first. */
async function bytesOfVisit(context: BrowserContext, before: Page, url: string): Promise<number> {
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.clearBrowserCache');
  let bytes = 0;
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await before.close();
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  // what is asked for later than that nobody waits for
  await page.waitForTimeout(3_000);
  return bytes;
}

/** What a run tells of itself, from its push to its end. */
function runEvents(projectId: string): EventInput[] {
  const run = newId('pipeline');
  const about = { projectId, changeId: newId('change'), subjectId: run };
  const payload = { number: 100, trigger: 'push', gitRef: 'refs/heads/main' };
  const step = { ...about, subjectId: newId('step'), payload: { pipelineId: run, step: 'test' } };
  const updates = [{ ref: 'refs/heads/main', oldSha: sha, newSha: sha }];
  const push = { pushId: newId('push'), pusherId: null, pusherName: 'ann', updates };
  return [
    { ...about, type: 'git.pushed', payload: push },
    { ...about, type: 'pipeline.created', payload },
    { ...about, type: 'pipeline.started', payload },
    { ...step, type: 'step.started' },
    { ...step, type: 'step.completed' },
    { ...about, type: 'pipeline.completed', payload: { ...payload, status: 'success' } },
  ];
}
