import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DemoError } from './demo-client.mjs';

const run = promisify(execFile);
const mostNames = 100;

/**
 * Makes a project called `sample`, or `sample-2`, `sample-3` … when that name is taken.
 *
 * @param {import('./demo-client.mjs').Client} client
 * @returns {Promise<string>} the name
 */
export async function createProject(client) {
  for (let n = 1; n <= mostNames; n += 1) {
    const name = n === 1 ? 'sample' : `sample-${n}`;
    const { status, body } = await client.call('POST', '/api/v1/projects', {
      name,
      description: 'A small link shortener with tests and a pipeline',
    });
    if (status === 201) return name;
    if (status !== 409) {
      throw new DemoError(`The project could not be made: ${body.detail ?? body.title ?? status}`);
    }
  }
  throw new DemoError(`There are ${mostNames} sample projects already. Delete some and try again.`);
}

/**
 * Commits a copy of `folder` in a temporary repository and pushes it with stock git.
 *
 * @param {{ folder: string, url: string, branch: string, gitEnvironment: Record<string, string> }} options
 * @returns {Promise<string>} the commit that was pushed
 */
export async function pushFolder({ folder, url, branch, gitEnvironment }) {
  const temp = await mkdtemp(join(tmpdir(), 'slipway-demo-'));
  const git = async (...args) => {
    const env = { ...process.env, ...gitEnvironment };
    // Settings of a surrounding git command (a hook, a rebase) must not reach into this repository.
    for (const name of ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE']) delete env[name];
    const { stdout } = await run('git', args, { cwd: temp, env }).catch((error) => {
      if (error.code === 'ENOENT') throw new DemoError('git is not installed. Install it first.');
      throw new DemoError(`git ${args[0]} failed:\n${error.stderr || error.message}`);
    });
    return stdout.trim();
  };
  try {
    await cp(folder, temp, {
      recursive: true,
      filter: (path) => !/[\\/](node_modules|dist|out|data)$/.test(path),
    });
    await git('init', '--quiet', '-b', branch);
    await git('add', '--all');
    await git(
      ...['-c', 'user.name=Slipway demo', '-c', 'user.email=demo@localhost'],
      ...['-c', 'commit.gpgSign=false', 'commit', '--quiet', '-m', 'Shorten links'],
    );
    await git('push', '--quiet', url, `HEAD:refs/heads/${branch}`);
    return await git('rev-parse', 'HEAD');
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}
