import { stat } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '../../contracts/problems.ts';

const shape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.git$/u;

/** Absolute directory of `owner/name.git` below `root`; throws `validation_failed` for anything of another shape. */
export function repositoryDir(root: string, repoPath: string): string {
  if (!shape.test(repoPath) || repoPath.includes('..')) {
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
