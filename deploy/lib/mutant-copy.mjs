import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StartFailure } from './failure.mjs';
import { inRoot, root } from './paths.mjs';
import { runCommand } from './run-command.mjs';

/**
 * @typedef {{ file: string, find: string, replace: string }} Edit
 * @typedef {Edit & { id: string, test: MutantTest, also?: Edit[] }} Mutant `also`: for what is guarded twice
 * @typedef {{ project: string, path: string, title: string, built?: boolean }} MutantTest
 */

/** @param {string[]} args of git @returns {Promise<string[]>} names of files, relative to the root */
async function gitNames(args) {
  const { code, stdout, tail } = await runCommand('git', args, { cwd: root });
  if (code !== 0) throw new StartFailure(`git could not list the files: ${tail.trim()}`);
  return stdout.split('\0').filter(Boolean);
}

/**
 * A copy of the checkout as it is now, uncommitted changes included, that may be broken at will. Packages are linked,
 * so it is made in seconds.
 * @returns {Promise<string>} its folder; the caller removes it
 */
export async function makeCopy() {
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'slipway-mutants-')), 'copy');
  const clone = await runCommand('git', ['clone', '--quiet', '--shared', root, folder]);
  if (clone.code !== 0) throw new StartFailure(`git could not copy: ${clone.tail.trim()}`);
  const changed = [
    ...(await gitNames(['diff', '--name-only', '-z', 'HEAD'])),
    ...(await gitNames(['ls-files', '-z', '--others', '--exclude-standard'])),
  ];
  for (const name of changed) {
    const target = path.join(folder, name);
    await rm(target, { force: true });
    if (!existsSync(inRoot(name))) continue; // deleted and not yet committed
    await mkdir(path.dirname(target), { recursive: true });
    await cp(inRoot(name), target);
  }
  await symlink(inRoot('node_modules'), path.join(folder, 'node_modules'));
  const made = ['prisma/generated', 'dist', 'web/dist'];
  for (const name of made.filter((part) => existsSync(inRoot(part)))) {
    await cp(inRoot(name), path.join(folder, name), { recursive: true, preserveTimestamps: true });
  }
  return folder;
}

/** @param {string} folder of makeCopy */
export async function removeCopy(folder) {
  await rm(path.dirname(folder), { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Applies one mutant to a copy.
 * @param {string} copy folder
 * @param {Mutant} mutant
 * @returns {Promise<() => Promise<void>>} puts the files back
 */
export async function applyMutant(copy, mutant) {
  /** @type {Map<string, string>} what the files held */
  const before = new Map();
  for (const { file, find, replace } of [mutant, ...(mutant.also ?? [])]) {
    const text = await readFile(path.join(copy, file), 'utf8');
    const parts = text.split(find);
    if (parts.length !== 2) {
      throw new StartFailure(`${mutant.id}: "${find}" is ${parts.length - 1} times in ${file}`);
    }
    if (!before.has(file)) before.set(file, text);
    await writeFile(path.join(copy, file), parts.join(replace));
  }
  return async () => {
    for (const [file, text] of before) await writeFile(path.join(copy, file), text);
  };
}
