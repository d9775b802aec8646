import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Cancellation, CareReport } from '../../contracts/git/store.ts';
import { mustRunGit, runGit } from './git-process.ts';
import { openRepository, type GitContext } from './repository-context.ts';

const quarantineAgeMs = 60 * 60 * 1000;
/** A ref is locked for milliseconds; a lock this old was left by a killed git and blocks every later push. */
const lockAgeMs = 10 * 60 * 1000;

async function olderThan(file: string, ageMs: number): Promise<boolean> {
  try {
    return Date.now() - (await stat(file)).mtimeMs > ageMs;
  } catch {
    return false;
  }
}

async function sweepQuarantines(dir: string): Promise<number> {
  const objects = path.join(dir, 'objects');
  let swept = 0;
  for (const name of await readdir(objects)) {
    const file = path.join(objects, name);
    if (!/^(tmp_objdir-)?incoming-/u.test(name)) continue;
    if (!(await olderThan(file, quarantineAgeMs))) continue;
    await rm(file, { recursive: true, force: true });
    swept += 1;
  }
  return swept;
}

/** Removes locks that nobody can hold any more. */
export async function sweepLocks(dir: string, ageMs = lockAgeMs): Promise<void> {
  const names = ['HEAD.lock', 'packed-refs.lock', 'config.lock', 'shallow.lock'];
  const top = names.map((name) => path.join(dir, name));
  const below = await readdir(path.join(dir, 'refs'), { recursive: true });
  const refs = below.filter((name) => name.endsWith('.lock'));
  for (const file of [...top, ...refs.map((name) => path.join(dir, 'refs', name))]) {
    if (await olderThan(file, ageMs)) await rm(file, { force: true });
  }
}

/** One maintenance pass over a repository. Safe beside pushes and clones: git's own gc is, and the sweeps go by age. */
export async function care(
  context: GitContext,
  repoPath: string,
  options: { fsck: boolean; signal: Cancellation },
): Promise<CareReport> {
  const cwd = await openRepository(context, repoPath);
  const sweptQuarantines = await sweepQuarantines(cwd);
  await sweepLocks(cwd);
  const timeoutMs = 60 * 60 * 1000;
  const common = { cwd, signal: options.signal, timeoutMs };
  await mustRunGit(context.setting, ['--git-dir=.', 'gc', '--auto', '--quiet'], {
    ...common,
    config: [
      ['gc.auto', '2000'],
      ['gc.autoPackLimit', '30'],
    ],
  });
  // Thousands of refs that came in one pack are nothing to gc, and a file each to whoever lists them.
  await mustRunGit(context.setting, ['--git-dir=.', 'pack-refs', '--all'], {
    ...common,
    config: [['core.packedRefsTimeout', '10000']],
  });
  if (!options.fsck) return { sweptQuarantines, fsckProblems: null };
  const fsck = await runGit(
    context.setting,
    ['--git-dir=.', 'fsck', '--full', '--no-dangling', '--no-progress'],
    { ...common, cut: true, maxBytes: 64 * 1024 },
  );
  const said = `${fsck.stdout.toString('utf8')}\n${fsck.stderr}`.split('\n');
  const problems = said.filter((line) => /^(error|fatal|missing|broken)/u.test(line));
  return { sweptQuarantines, fsckProblems: problems.slice(0, 100) };
}
