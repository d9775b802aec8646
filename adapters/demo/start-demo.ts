import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DomainError } from '../../contracts/problems.ts';

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

/**
 * Makes the sample project as `npm run demo` does: through the public API with the caller's token, pushed with stock git.
 * @throws DomainError `unavailable` when the sample is not part of this installation or its script fails
 */
export async function startDemo(baseUrl: string, token: string): Promise<StartedDemo> {
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
