import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { removeFolder } from './remove-folder.ts';
import { holdSpawner } from './shared-spawner.ts';

/** A work tree of stock git that talks to a Slipway with a token, which never stands in argv or in a config file. */
export interface WorkTree {
  dir: string;
  /**
   * stdout and the last 8 KiB of stderr
   * @throws Error with its `code`, `stdout` and `stderr` when git says no
   */
  git(...args: string[]): Promise<string>;
  write(files: Record<string, string>): Promise<void>;
  /** Adds all, commits and gives the commit's id. */
  commit(message: string): Promise<string>;
  remove(): Promise<void>;
}

/** Makes an empty repository on branch main, with `url` as origin. */
export async function makeWorkTree(url: string, token: string | null): Promise<WorkTree> {
  const dir = await mkdtemp(path.join(tmpdir(), 'slipway-work-'));
  const { spawner, release } = holdSpawner();
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: dir,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ann',
    GIT_AUTHOR_EMAIL: 'ann@example.com',
    GIT_COMMITTER_NAME: 'Ann',
    GIT_COMMITTER_EMAIL: 'ann@example.com',
    ...(token === null
      ? {}
      : {
          GIT_CONFIG_COUNT: '1',
          GIT_CONFIG_KEY_0: 'http.extraHeader',
          GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`git:${token}`).toString('base64')}`,
        }),
  };
  const git = async (...args: string[]) => {
    const plan = { command: 'git', args, cwd: dir, env } as const;
    const child = await spawner.start({ ...plan, stdin: 'ignore', stdout: 'stream' });
    const [stdout, { code, stderr }] = await Promise.all([
      child.stdout === null ? '' : text(child.stdout),
      child.ended,
    ]);
    if (code !== 0) {
      const message = `Command failed: git ${args.join(' ')}\n${stderr}`;
      throw Object.assign(new Error(message), { code, stdout, stderr });
    }
    return stdout + stderr;
  };
  await git('init', '--quiet', '--initial-branch=main');
  await git('remote', 'add', 'origin', url);
  return {
    dir,
    git,
    async write(files) {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
        await writeFile(path.join(dir, name), text);
      }
    },
    async commit(message) {
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '-m', message);
      return (await git('rev-parse', 'HEAD')).trim();
    },
    async remove() {
      await release();
      await removeFolder(dir);
    },
  };
}
