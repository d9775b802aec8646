import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../contracts/problems.ts';

const shape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.git$/u;

/** Mirrors of foreign ops repositories: beside the owners, whose names never begin with a dot. */
const mirrorShape = /^\.ops\/ops_[0-9a-z]{26}\.git$/u;

/** Absolute directory of `owner/name.git`, or of a mirror, below `root`; throws `validation_failed` for anything of another shape. */
export function repositoryDir(root: string, repoPath: string): string {
  const isFine = shape.test(repoPath) || mirrorShape.test(repoPath);
  if (!isFine || repoPath.includes('..')) {
    throw new DomainError('validation_failed', 'The path of the repository is not valid.');
  }
  return path.join(root, repoPath);
}

/** True when a bare repository lies there. */
export async function repositoryExists(dir: string): Promise<boolean> {
  try {
    return (await stat(path.join(dir, 'HEAD'))).isFile();
  } catch {
    return false;
  }
}
