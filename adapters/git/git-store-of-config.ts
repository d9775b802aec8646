import path from 'node:path';
import type { Config } from '../../contracts/config.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { createGitStore } from './git-store.ts';

/** The store of an installation: repositories and hooks below its data directory. For main.ts files. */
export function gitStoreOfConfig(
  config: Pick<Config, 'home' | 'storage'> & {
    git: Pick<Config['git'], 'maxUploadPacks' | 'maxReceivePacks' | 'idleTimeout'>;
  },
  spawner?: Spawner,
): GitStore {
  return createGitStore({
    root: path.resolve(config.home, config.storage.projectsRoot),
    hooksDir: path.resolve(config.home, 'hooks'),
    maxUploadPacks: config.git.maxUploadPacks,
    maxReceivePacks: config.git.maxReceivePacks,
    silenceMs: config.git.idleTimeout,
    spawner,
  });
}
