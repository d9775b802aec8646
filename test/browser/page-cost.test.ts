import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { type EventInput, publishEvent } from '../../domain/event/publish-event.ts';
import { newId } from '../../domain/shared/new-id.ts';
import { inTransaction } from '../../domain/shared/tx.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { admin, axeFindings, openWindow, picture, settle, signIn, type Window } from './browser.ts';
import { makeProject } from './sample-project.ts';

jest.setTimeout(600_000);

const definition = `on: [api]
steps:
  - { name: test, commands: ["echo all is well"] }
`;
const project = '/projects/admin/shop';
const ofProject = [project, `${project}/merge-requests/1`, `${project}/pipelines`];
const robin = { name: 'robin', password: 'a long enough password' };
const lines = 20_000;
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
    const visit = await visitWithEmptyCache(context, page, `${slipway.baseUrl}/`);
    expect(visit.bytes()).toBeLessThanOrEqual(70_000);
  });

  it(`is at most 250 kB on a first visit of a run with ${String(lines)} lines, until the reader scrolls or searches [A-UI-04]`, async () => {
    const failed = await makeLongRun(slipway, ids.shop, 'failure');
    const { context, page } = await open(admin(slipway), '/settings/tokens');
    const url = `${slipway.baseUrl}/pipelines/${failed}?step=test`;
    const visit = await visitWithEmptyCache(context, page, url);
    expect(visit.bytes()).toBeLessThanOrEqual(250_000);
    const log = visit.page.getByRole('region', { name: 'Output of test' });
    // it opens at its failure, far from its start
    await log.getByText('Error: the total is wrong').waitFor();
    await visit.page.getByText('20,000 lines').waitFor();
    const parts: string[] = [];
    visit.page.on('request', (request) => parts.push(request.url()));
    await log.hover();
    await visit.page.mouse.wheel(0, -40);
    expect(parts).toEqual([]);
    await visit.page.mouse.wheel(0, -40_000);
    // what stands before and behind it has come, in its place
    await log
      .getByText(/line 113\d\d of/)
      .first()
      .waitFor();
    await visit.page.getByRole('searchbox', { name: 'Search the log' }).fill('line 19999 of');
    await visit.page.getByText('1 of 1').waitFor();
    await log.getByText('line 19999 of').waitFor();
    expect(parts.length).toBeLessThanOrEqual(6);
    await settle(visit.page);
    await picture(visit.page, 'run-long');
    expect(await axeFindings(visit.page)).toEqual([]);
  });

  it('is little more for a run that goes on: it is followed from its last lines on [A-UI-04]', async () => {
    const going = await makeLongRun(slipway, ids.shop, 'running');
    const { context, page } = await open(admin(slipway), '/settings/tokens');
    const url = `${slipway.baseUrl}/pipelines/${going}?step=test`;
    const visit = await visitWithEmptyCache(context, page, url);
    const log = visit.page.getByRole('region', { name: 'Output of test' });
    await log.getByText('line 19999 of').waitFor();
    expect(visit.bytes()).toBeLessThanOrEqual(250_000);
    const { db } = slipway.database;
    const step = await db.pipelineStep.findFirstOrThrow({ where: { pipelineId: going } });
    const data = Buffer.from('one more\n');
    const logBytes = step.logBytes + BigInt(data.length);
    await db.logChunk.create({
      data: { stepId: step.id, offset: step.logBytes, attempt: 1, data },
    });
    await db.pipelineStep.update({ where: { id: step.id }, data: { logBytes } });
    await log.getByText('one more', { exact: true }).waitFor();
    await visit.page.getByText('20,001 lines').waitFor();
    await visit.page.keyboard.press('f');
    await log.evaluate((box) => {
      box.scrollTop = 0;
    });
    await log.getByText('line 0 of').waitFor();
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

/** A page opened with an empty cache: bytes on the wire so far, heads of answers and all, when it has shown what it shows first. */
async function visitWithEmptyCache(
  context: BrowserContext,
  before: Page,
  url: string,
): Promise<{ page: Page; bytes: () => number }> {
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
  return { page, bytes: () => bytes };
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

/** A run with one step that wrote much, as rows only; its failure stands in the middle. */
async function makeLongRun(
  { database: { db } }: Slipway,
  projectId: string,
  status: 'failure' | 'running',
): Promise<string> {
  const id = newId('pipeline');
  const stepId = newId('step');
  const line = (at: number): string =>
    at === 13_337
      ? 'Error: the total is wrong\n'
      : `${new Date(1e12 + at * 137).toISOString()} line ${String(at)} of ${String(lines)}: src/${((at * 7919) % 9973).toString(36)}.ts\n`;
  const text = Buffer.from(Array.from({ length: lines }, (_, at) => line(at)).join(''));
  const startedAt = new Date();
  const finishedAt = status === 'running' ? null : startedAt;
  const number = await db.pipeline.count({ where: { projectId } });
  await db.pipeline.create({
    data: {
      ...{ id, projectId, number: number + 500, changeId: newId('change'), trigger: 'push' },
      ...{ gitRef: 'refs/heads/main', status, startedAt, finishedAt },
    },
  });
  const step = { stepOrder: 0, name: 'test', image: 'x', attempt: 1 };
  const logBytes = BigInt(text.length);
  await db.pipelineStep.create({
    data: {
      id: stepId,
      pipelineId: id,
      projectId,
      ...step,
      status,
      logBytes,
      startedAt,
      finishedAt,
    },
  });
  for (let at = 0; at < text.length; at += 60_000) {
    const data = text.subarray(at, at + 60_000);
    await db.logChunk.create({ data: { stepId, offset: BigInt(at), attempt: 1, data } });
  }
  return id;
}
