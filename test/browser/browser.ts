import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, expect } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  chromium,
  type Page,
  type Request,
} from 'playwright-core';
import { eventually, holds } from '../support/eventually.ts';
import type { Slipway } from '../support/slipway.ts';

/** A browser window with a fresh profile that remembers everything it should not have met. */
export interface Window {
  page: Page;
  context: BrowserContext;
  /** script errors, refused by the content security policy, answers of 5xx: must be empty at the end */
  complaints: string[];
  close(): Promise<void>;
}

export interface WindowOptions {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
}

/** Read by each page that is looked at: without comments half as long. */
const axeSource = readFileSync(
  path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'),
  'utf8',
);

export const desktop = { width: 1440, height: 900 } as const;
export const phone = { width: 390, height: 844 } as const;

const places = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

function chromiumPath(): string {
  const found = places.find((place) => place !== undefined && existsSync(place));
  if (found === undefined) throw new Error('No Chromium: install it or set CHROMIUM_PATH.');
  return found;
}

/**
 * What Chromium does beside showing pages. The last flag of this name counts, so what Playwright switches off stands here
 * too; the popups of the address bar are pages of their own, which a new window loads though nobody sees them.
 */
const withoutFeatures = [
  ...['AimEnabled', 'AvoidCorsURLLoaderRestartOnRedirect', 'AvoidUnnecessaryBeforeUnloadCheckSync'],
  ...['DestroyProfileOnBrowserClose', 'HttpsFirstBalancedModeAutoEnable', 'HttpsUpgrades'],
  ...['LensOverlay', 'MediaRouter', 'NetworkTimeServiceQuerying', 'OptimizationHints'],
  ...['PaintHolding', 'PreconnectToSearch', 'ThirdPartyStoragePartitioning'],
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'WebUIOmniboxFullPopup'],
];

let running: Promise<Browser> | null = null;

/** One Chromium for all windows of a test file, without anything that leaves the machine. */
function chromiumOfFile(): Promise<Browser> {
  running ??= chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${withoutFeatures.join(',')}`,
    ],
  });
  return running;
}

afterAll(async () => {
  await (await running)?.close();
  running = null;
});

/** Opens a window whose cookies, storage and cache are its own. */
export async function openWindow(options: WindowOptions = {}): Promise<Window> {
  const browser = await chromiumOfFile();
  const context = await browser.newContext({
    viewport: { width: options.width ?? desktop.width, height: options.height ?? desktop.height },
    colorScheme: options.scheme ?? 'light',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const complaints: string[] = [];
  const page = await context.newPage();
  page.setDefaultTimeout(90_000);
  countQuestions(page);
  withstand(page);
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/content security policy|refused to/i.test(text)) complaints.push(`policy: ${text}`);
  });
  page.on('response', (response) => {
    // a part that is slow to answer on a loaded machine is what this address is there to tell
    const isHealth = new URL(response.url()).pathname === '/api/v1/health';
    if (response.status() >= 500 && !isHealth) {
      complaints.push(`${String(response.status())} ${response.url()}`);
    }
  });
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') {
      complaints.push(`another host: ${request.url()}`);
    }
  });
  return {
    page,
    context,
    complaints,
    close: () => context.close(),
  };
}

/** Signs in through the page; ends on `to`. */
export async function signIn(
  page: Page,
  slipway: Pick<Slipway, 'baseUrl'>,
  who: { name: string; password: string },
  to = '/',
): Promise<void> {
  await page.goto(slipway.baseUrl + to);
  await page.getByLabel('Name', { exact: true }).fill(who.name);
  await page.getByLabel('Password', { exact: true }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
}

/** The first administrator. */
export function admin(slipway: Slipway): { name: string; password: string } {
  return { name: 'admin', password: slipway.adminPassword };
}

/** Networks of other tests come and go on this machine, and the browser then breaks off what it is loading: once more. */
function withstand(page: Page): void {
  const goto = page.goto.bind(page);
  page.goto = (url, options) =>
    eventually(async () => ({ answer: await goto(url, options) })).then(({ answer }) => answer);
}

/** Questions to the API that have no answer yet, by page; streams never have one and do not count. */
const open = new WeakMap<Page, Set<Request>>();

function countQuestions(page: Page): void {
  const asked = new Set<Request>();
  open.set(page, asked);
  page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const isStream = pathname.endsWith('/events') || searchParams.has('follow');
    if (!isStream) asked.add(request);
  });
  page.on('requestfinished', (request) => asked.delete(request));
  page.on('requestfailed', (request) => asked.delete(request));
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) asked.clear();
  });
}

/** True when the page shows all that it will: a heading, no skeleton, nothing that moves towards its place. */
const atRest = `(() => {
  const moves = document.getAnimations().some((one) =>
    one.playState === 'running' && one.effect?.getComputedTiming().iterations !== Infinity);
  return document.querySelector('h1') !== null && document.querySelector('.skeleton') === null && !moves;
})()`;

/** Waits until everything asked for has been answered and drawn, and nothing moves any more. */
export async function settle(page: Page): Promise<void> {
  let quiet = 0;
  await eventually(async () => {
    const asked = [...(open.get(page) ?? [])].map((request) => request.url());
    const isAtRest = await page.evaluate<boolean>(atRest);
    // An answer may lead to the next question: several looks in a row, longer than a skeleton keeps back.
    quiet = isAtRest && asked.length === 0 ? quiet + 1 : 0;
    if (quiet >= 5) return true;
    throw new Error(`at rest: ${String(isAtRest)}; not answered: ${asked.join(', ')}`);
  }, 90_000);
}

/** Waits until a locator's text or value is as wanted. */
export async function shows(read: () => Promise<unknown>, wanted: unknown): Promise<void> {
  await holds(async () => expect(await read()).toEqual(wanted));
}

/** What axe finds, one line each. Its script is run by the debugger, so the page's policy stays as it is. */
export async function axeFindings(page: Page): Promise<string[]> {
  // a page that was looked at before still has it
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axeSource);
  // the findings show the element itself: no selector has to be found for each one of the page
  const result = await page.evaluate<AxeResults>(
    'axe.run(document, { resultTypes: ["violations"], selectors: false })',
  );
  return result.violations.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.html.slice(0, 160)} (${String(node.failureSummary)})`,
    ),
  );
}

/** Pixels by which the page is wider than the screen. */
export async function sidewaysScroll(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
}

/** Keeps a picture when SLIPWAY_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['SLIPWAY_SCREENSHOTS'];
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
