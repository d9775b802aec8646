import path from 'node:path';
import type { Config } from '../../contracts/config.ts';
import type { MirrorStore } from '../../contracts/git/mirror.ts';
import { createHostResolver } from '../http/resolve-host.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { createMirrorStore } from './mirror-store.ts';

/** The mirrors of an installation, beside its repositories. For main.ts files. */
export function mirrorStoreOfConfig(
  config: Pick<Config, 'home' | 'storage' | 'outbound'> & {
    git: Pick<Config['git'], 'cloneTimeout'>;
  },
  spawner?: Spawner,
): MirrorStore {
  return createMirrorStore({
    root: path.resolve(config.home, config.storage.projectsRoot),
    hooksDir: path.resolve(config.home, 'hooks'),
    resolveHost: createHostResolver(config.outbound.allowHosts),
    timeoutMs: config.git.cloneTimeout,
    spawner,
  });
}
