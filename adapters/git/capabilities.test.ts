import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { fetchCapabilities } from './capabilities.ts';
import { createLimiter } from './limiter.ts';
import type { GitContext } from './repository-context.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-git-'));
const asked = join(dir, 'asked');

/** A git that notes that it was asked, and then does this; with it how often that was. */
function gitThat(does: string): { context: GitContext; times: () => number } {
  const gitPath = join(dir, 'git');
  writeFileSync(gitPath, `#!/bin/sh\necho x >> ${asked}\n${does}\n`);
  chmodSync(gitPath, 0o755);
  rmSync(asked, { force: true });
  const place = createLimiter({ running: 4, waiting: 4, maxWaitMs: 10_000 });
  const names = ['reads', 'changes', 'work', 'listings', 'downloads'] as const;
  const places = Object.fromEntries(names.map((name) => [name, place])) as unknown;
  return {
    context: {
      root: dir,
      setting: { hooksDir: dir, gitPath },
      places: places as GitContext['places'],
    },
    times: () => (existsSync(asked) ? readFileSync(asked, 'utf8').length / 2 : 0),
  };
}

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('what git can do', () => {
  it('is asked once, for all that clone at the same time or later', async () => {
    const { context, times } = gitThat(`printf '000eversion 2\\n0000'`);
    const three = Array.from({ length: 3 }, () => fetchCapabilities(context, dir));
    const all = [...(await Promise.all(three)), await fetchCapabilities(context, dir)];
    expect(all.map(String)).toEqual(Array.from({ length: 4 }, () => '000eversion 2\n0000'));
    expect(times()).toBe(1);
  });

  it('is asked again after git has failed', async () => {
    const { context, times } = gitThat('exit 128');
    for (let turn = 0; turn < 2; turn += 1) {
      await expect(fetchCapabilities(context, dir)).rejects.toThrow(
        'git upload-pack ended with 128',
      );
    }
    expect(times()).toBe(2);
  });

  it('is nothing of protocol v2 where git is too old for it', async () => {
    const { context } = gitThat(`printf '0000'`);
    expect(await fetchCapabilities(context, dir)).toBeNull();
  });
});
