import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamChild } from './git-answer.ts';
import { startGit } from './git-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-answer-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is answered where git says this and fails. */
async function answerOf(said: string): Promise<unknown> {
  const gitPath = path.join(folder, 'git');
  await writeFile(gitPath, `#!/bin/sh\necho '${said}' >&2\nexit 128\n`);
  await chmod(gitPath, 0o700);
  const setting = { gitPath, hooksDir: folder, spawner: undefined, memory: undefined };
  const start = () => startGit(setting, ['cat-file'], { cwd: folder });
  const answer = streamChild(() => Promise.resolve(() => undefined), start);
  return await answer.next().catch((error: unknown) => error);
}

describe('what git sends', () => {
  it('is too large, and no fault of ours, where git has no memory for it [A-GIT-07]', async () => {
    const said = 'fatal: Out of memory, malloc failed (tried to allocate 300000001 bytes)';
    expect(await answerOf(said)).toMatchObject({ code: 'body_too_large' });
    expect(await answerOf('fatal: bad object')).toMatchObject({
      message: 'git ended with 128: fatal: bad object\n',
    });
  });
});
