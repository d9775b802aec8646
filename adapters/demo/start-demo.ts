import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DomainError } from '../../contracts/problems.ts';
import { createLimiter } from '../git/limiter.ts';

const run = promisify(execFile);

/** What the sample's script made. */
export interface StartedDemo {
  owner: string;
  name: string;
  pipelineId: string;
  number: number;
}

/** The script of `npm run demo`, from the bundle (dist/) as from the sources. */
function demoScript(): string | null {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const found = ['../deploy/demo.mjs', '../../deploy/demo.mjs']
    .map((name) => path.resolve(here, name))
    .find((name) => existsSync(name));
  return found ?? null;
}

/** Each is a process of its own for as long as the sample takes: one for each user at a time, and two in all. */
const turns = { running: 2, waiting: 8, maxWaitMs: 30_000, shares: { user: 1 } } as const;

/**
 * Makes sample projects, a few at a time.
 * @param start makes one; default: `startDemo`
 * @returns takes the caller's token and who that is; `rate_limited` when too many are made at the moment
 */
export function createDemos(
  baseUrl: string,
  start: (baseUrl: string, token: string) => Promise<StartedDemo> = startDemo,
): (token: string, whose: string) => Promise<StartedDemo> {
  const limiter = createLimiter(turns);
  return async (token, whose) => {
    const release = await limiter.enter(undefined, { user: whose });
    try {
      return await start(baseUrl, token);
    } finally {
      release();
    }
  };
}

/**
 * Makes the sample project as `npm run demo` does: through the public API with the caller's token, pushed with stock git.
 * @throws DomainError `unavailable` when the sample is not part of this installation or its script fails
 */
async function startDemo(baseUrl: string, token: string): Promise<StartedDemo> {
  const script = demoScript();
  if (script === null)
    throw new DomainError('unavailable', 'The sample is not part of this installation.');
  try {
    const { stdout } = await run(process.execPath, [script, '--start-only'], {
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        SLIPWAY_URL: baseUrl,
        SLIPWAY_TOKEN: token,
        NO_COLOR: '1',
      },
      timeout: 50_000,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as StartedDemo;
  } catch (error) {
    throw new DomainError(
      'unavailable',
      'The sample project could not be made; the log of the API says why.',
      { cause: error },
    );
  }
}
