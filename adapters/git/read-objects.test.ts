import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { GitStore } from '../../contracts/git/store.ts';
import { createGitStore } from './git-store.ts';

const root = mkdtempSync(join(tmpdir(), 'slipway-objects-'));
const sha = 'a'.repeat(40);

/** Lists a folder by a git that says this of what is in it, and then ends so. */
async function listed(words: string, code: number): ReturnType<GitStore['listTree']> {
  const gitPath = join(root, 'git');
  const script = [
    '#!/bin/sh',
    `case "$*" in *rev-parse*) echo ${sha} ;;`,
    `*ls-tree*) printf '${words}'; exit ${String(code)} ;;`,
    `*) echo '${sha} blob 4' ;; esac`,
  ];
  writeFileSync(gitPath, script.join('\n'));
  chmodSync(gitPath, 0o755);
  mkdirSync(join(root, 'eve/app.git/objects'), { recursive: true });
  writeFileSync(join(root, 'eve/app.git/HEAD'), 'ref: refs/heads/main\n');
  const store = createGitStore({ root, hooksDir: root, gitPath });
  return await store.listTree('eve/app.git', { sha, path: '', skip: 0, limit: 9 });
}

const one = `100644 blob ${sha}\\tservice.yaml`;

describe('the listing of a folder', () => {
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('is whole, or none at all: half of one would count what is missing as removed [A-DEP-06]', async () => {
    const { entries } = await listed(`${one}\\0`, 0);
    expect(entries.map(({ path }) => path)).toEqual(['service.yaml']);
    const halves: [string, number][] = [
      [`${one}\\0`, 128],
      [`${one}\\0${one}`, 0],
      [`${one}\\0something else\\0`, 0],
    ];
    for (const [words, code] of halves) {
      await expect(listed(words, code)).rejects.toMatchObject({ code: 'unavailable' });
    }
  });
});
