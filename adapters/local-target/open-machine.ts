import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';
import { openSandboxHost, type SandboxHost } from '../sandbox/host.ts';
import { containTask } from '../sandbox/contain.ts';
import { detectKind, removeTree } from '../workspace/trees.ts';
import { openImageStore } from './image-store.ts';
import { makeOwned, type Machine } from './machine.ts';
import type { LocalTargetOptions } from './options.ts';

const MEBIBYTE = 1024 ** 2;

export interface OpenedMachine extends Omit<Machine, 'data' | 'services'> {
  close(): Promise<void>;
}

/** What replicas need of this machine. It is checked on the first use: a machine that cannot isolate can still start. */
export async function openMachine(options: LocalTargetOptions): Promise<OpenedMachine> {
  const { root } = options;
  const log = options.log ?? (() => undefined);
  // Processes of a former holder went with it; what they wrote goes now.
  await removeTree(join(root, 'replicas'));
  await mkdir(join(root, 'replicas'), { mode: 0o711 });
  let opened: Promise<SandboxHost | string> | null = null;
  const sandbox = async (): Promise<SandboxHost> => {
    opened ??= openSandboxHost({
      hostEnv: { PATH: (options.hostEnv ?? process.env)['PATH'] },
      registrySettings: 'none',
      forwarding: true,
      warmNetworks: 1,
      log,
      ...(options.allowPrivate === undefined ? {} : { allowPrivate: options.allowPrivate }),
      ...(options.spawner === undefined ? {} : { spawner: options.spawner }),
      ...(options.runtimeDir === undefined ? {} : { runtimeDir: options.runtimeDir }),
    });
    const host = await opened;
    if (typeof host !== 'string') return host;
    // What is missing may have been installed since: the next use checks again.
    opened = null;
    throw new DomainError('unavailable', host.replace(/^Steps run/, 'Applications run'));
  };
  const images = await openImageStore({
    root,
    source: options.images,
    contain: async (task) => containTask(await sandbox(), task),
    own: makeOwned,
    maxBytes: options.imageBytes ?? 2048 * MEBIBYTE,
  });
  return {
    sandbox,
    images,
    root,
    kind: await detectKind(root),
    masker: options.masker,
    logBytes: options.logBytes ?? MEBIBYTE / 4,
    log,
    ownPorts: options.ownPorts ?? new Map(),
    close: async () => {
      const host = await opened;
      if (host !== null && typeof host !== 'string') await host.close();
    },
  };
}
