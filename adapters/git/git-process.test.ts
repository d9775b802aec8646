import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runGit } from './git-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-git-'));

/** Runs a git that says this on its error output and ends with 128. */
function saying(words: string): ReturnType<typeof runGit> {
  const gitPath = join(dir, 'git');
  writeFileSync(gitPath, `#!/bin/sh\necho '${words}' >&2\nexit 128\n`);
  chmodSync(gitPath, 0o755);
  return runGit({ hooksDir: dir, gitPath }, ['hash-object'], { cwd: dir });
}

describe('git on a disk that is full', () => {
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it.each([
    'fatal: unable to write loose object file: No space left on device',
    'error: unable to write file objects/pack: Disk quota exceeded',
  ])('is a problem of its own, not a fault of ours: %s [A-HLT-02]', async (words) => {
    await expect(saying(words)).rejects.toMatchObject({
      code: 'disk_full',
      message: 'There is no space left for the repository.',
    });
  });

  it('is told apart from a path that has such a name', async () => {
    const { code } = await saying('fatal: no such path: No space left on device.txt');
    expect(code).toBe(128);
  });
});
