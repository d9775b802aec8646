import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { branchNameProblem } from '../../contracts/git/ref-name.ts';
import { DomainError } from '../../contracts/problems.ts';
import { mustRunGit } from './git-process.ts';
import type { GitContext } from './repository-context.ts';
import { repositoryDir } from './repository-path.ts';

/** Makes an empty bare repository. @throws DomainError `already_exists`, `validation_failed` for the branch's name */
export async function createRepository(
  context: Pick<GitContext, 'root' | 'setting'>,
  repoPath: string,
  defaultBranch: string,
): Promise<void> {
  const dir = repositoryDir(context.root, repoPath);
  if (branchNameProblem(defaultBranch) !== null) {
    throw new DomainError('validation_failed', 'The name of the default branch is not valid.');
  }
  // Made aside and moved into place, so that no half-made repository can be seen.
  const fresh = path.join(context.root, '.new', randomUUID());
  await mkdir(fresh, { recursive: true });
  await mkdir(path.dirname(dir), { recursive: true });
  try {
    const args = ['init', '--quiet', '--bare', '--template=', `--initial-branch=${defaultBranch}`];
    await mustRunGit(context.setting, [...args, '.'], { cwd: fresh });
    await rename(fresh, dir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') {
      throw new DomainError('already_exists', 'There is a repository of this name.');
    }
    throw error;
  }
}

/** Moves it out of sight at once and deletes it; absent is fine. */
export async function removeRepository(
  context: Pick<GitContext, 'root' | 'setting'>,
  repoPath: string,
): Promise<void> {
  const dir = repositoryDir(context.root, repoPath);
  const trash = path.join(context.root, '.trash', randomUUID());
  await mkdir(path.dirname(trash), { recursive: true });
  try {
    await rename(dir, trash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Of a mirror a fetch may still be writing into it.
  await rm(trash, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
