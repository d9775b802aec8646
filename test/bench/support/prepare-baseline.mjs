#!/usr/bin/env node
/**
 * Makes the build that benches compare ours with: the files of one commit, its packages, its client and its bundles, in
 * the user's cache, for all clones of this user. What is there already is kept, what is half there is completed. A parent
 * that gave us a channel is told the folder by a message `{ tree }`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { StartFailure } from '../../../deploy/lib/failure.mjs';
import { withLock } from '../../../deploy/lib/folder-lock.mjs';
import { root } from '../../../deploy/lib/paths.mjs';
import { bold, fail, step } from '../../../deploy/lib/progress.mjs';
import { lastLine, runCommand } from '../../../deploy/lib/run-command.mjs';

/** The targets of docs/ and of test/bench/README.md are told against the build of this commit. */
const commit = '50038b186bcbcc21f91575b8bfa6ca65b81bdd45';

function cacheFolder() {
  const base = process.env['XDG_CACHE_HOME'] || path.join(os.homedir(), '.cache');
  return path.join(base, 'slipway', 'bench');
}

/**
 * The files of the commit; the folder appears whole or not at all.
 * @param {string} tree
 * @returns {Promise<string | null>} null when it is there
 */
async function takeOut(tree) {
  if (existsSync(path.join(tree, 'package.json'))) return null;
  const git = (/** @type {string[]} */ ...args) => runCommand('git', args, { cwd: root });
  const known = await git('cat-file', '-e', `${commit}^{commit}`);
  if (known.code !== 0) {
    throw new StartFailure(
      `This clone does not hold commit ${commit.slice(0, 7)}, whose build the bench compares ours with (${lastLine(known.tail)}): a shallow clone gets it by \`git fetch --unshallow\`.`,
    );
  }
  const draft = `${tree}.new`;
  const archive = `${tree}.tar`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft);
  for (const [command, args] of /** @type {const} */ ([
    ['git', ['archive', '--format=tar', '-o', archive, commit]],
    ['tar', ['-x', '-f', archive, '-C', draft]],
  ])) {
    const { code, tail } = await runCommand(command, [...args], { cwd: root });
    if (code !== 0) throw new StartFailure(`\`${command}\` failed: ${lastLine(tail)}.`);
  }
  await rm(archive);
  await rename(draft, tree);
  return tree;
}

/**
 * Lets the tree prepare itself by its own code, in a process of its own that shows what it does.
 * @param {string} tree
 * @param {string[]} args of node
 */
async function runIn(tree, args) {
  // packages of the cache do, and are not asked for once more
  const env = { ...process.env, npm_config_prefer_offline: 'true' };
  const child = spawn(process.execPath, args, { cwd: tree, env, stdio: 'inherit' });
  const code = await new Promise((resolve) => {
    child.once('error', () => resolve(-1));
    child.once('exit', resolve);
  });
  if (code !== 0) throw new StartFailure(`The build in ${tree} could not be made; see above.`);
}

const install = `const { installPackages } = await import(process.cwd() + '/deploy/lib/prepare.mjs');
const { step } = await import(process.cwd() + '/deploy/lib/progress.mjs');
await step('Installing the packages of the other build', installPackages);`;

async function prepare() {
  const folder = cacheFolder();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tree = path.join(folder, commit);
  await withLock(`${tree}.lock`, async () => {
    await step(`Taking out ${commit.slice(0, 7)}`, () => takeOut(tree));
    await runIn(tree, ['--input-type=module', '-e', install]);
    await runIn(tree, ['deploy/build.mjs']);
  });
  return tree;
}

try {
  const tree = await prepare();
  if (process.send) process.send({ tree });
  else process.stdout.write(`${bold(tree)}\n`);
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  fail(error.message);
  process.exitCode = 1;
}
