import { join } from 'node:path';
import { watchDisk } from '../sandbox/disk-watch.ts';
import type { LaunchMount } from '../sandbox/launch-plan.ts';
import type { WorkspaceMount } from '../executor/executor.ts';
import { claimLimit } from './claim-sizes.ts';
import { mountsOf } from './mounts.ts';
import type { PodPlan } from './pod-plan.ts';
import type { Container, PodSpec, Volume } from './pod-schema.ts';

const MEBIBYTE = 1024 ** 2;
/** Where nothing is said. */
export const defaultShares = {
  /** what a container writes over its image */
  layer: 1024 * MEBIBYTE,
  /** an emptyDir */
  volume: 4096 * MEBIBYTE,
  /** a claim of a StatefulSet */
  claim: 10_240 * MEBIBYTE,
  memory: 512 * MEBIBYTE,
};

/** Folders that may hold so much together. */
export interface DiskShare {
  dirs: string[];
  bytes: number;
  /** what is said when they hold more */
  text: string;
}

/** Where a pod's emptyDirs lie. */
export function volumesDir(root: string, { id }: PodPlan): string {
  return join(root, 'replicas', id, 'volumes');
}

/**
 * All that a container writes to the disk of this machine, and how much that may be: as Kubernetes counts, its own layer and
 * its emptyDirs against `limits.ephemeral-storage`, an emptyDir against its `sizeLimit`, a claim against what it asks for.
 */
export async function disksOf(
  plan: PodPlan,
  { root, upper }: WorkspaceMount,
): Promise<DiskShare[]> {
  const said = plan.container.resources.limits['ephemeral-storage'];
  const onDisk = plan.spec.volumes.filter((one) => one.emptyDir !== undefined && !isMemory(one));
  const dirOf = ({ name }: Volume): string => join(volumesDir(root, plan), name);
  const layer = join(root, upper);
  const shares: DiskShare[] = [
    said === undefined
      ? share([layer], defaultShares.layer, 'it wrote', 'what a container may write here')
      : share(
          [layer, ...onDisk.map(dirOf)],
          said,
          'it and its emptyDirs hold',
          'its limits.ephemeral-storage',
        ),
  ];
  for (const volume of onDisk) {
    const limit = volume.emptyDir?.sizeLimit;
    const what = `its volume ${volume.name} holds`;
    if (limit !== undefined) shares.push(share([dirOf(volume)], limit, what, 'its sizeLimit'));
    else if (said === undefined)
      shares.push(
        share([dirOf(volume)], defaultShares.volume, what, 'what an emptyDir may hold here'),
      );
  }
  for (const { name, dir, bytes } of plan.claims) {
    const asked = 'what it asks for (resources.requests.storage)';
    const limit = await claimLimit(dir, bytes);
    shares.push(share([dir], limit, `its claim ${name} holds`, asked));
  }
  return shares;
}

function share(dirs: string[], bytes: number, what: string, limit: string): DiskShare {
  const text = `was evicted: ${what} more than ${sizeText(bytes)}, ${limit}`;
  return { dirs, bytes: Math.max(1, Math.round(bytes)), text };
}

/** Asks whether one of the shares is used up: what is said then, or null. */
export function watchShares(shares: readonly DiskShare[]): () => Promise<string | null> {
  const watches = shares.map(({ dirs, bytes, text }) => ({ isOver: watchDisk(dirs, bytes), text }));
  return async () => {
    for (const { isOver, text } of watches) if (await isOver()) return text;
    return null;
  };
}

/** The volumes of `medium: Memory`, each a file system of its own; the container's memory is what they take. */
export function withMemory(plan: PodPlan, mounts: readonly LaunchMount[]): LaunchMount[] {
  const sizes = new Map<string, number>();
  for (const { name, mountPath } of mountsOf(plan.container)) {
    const volume = plan.spec.volumes.find((one) => one.name === name);
    if (volume !== undefined && isMemory(volume)) {
      sizes.set(mountPath, memoryOf(volume, plan.container));
    }
  }
  return mounts.map((mount) => {
    const memoryBytes = sizes.get(mount.target);
    return memoryBytes === undefined ? mount : { ...mount, memoryBytes };
  });
}

function memoryOf(volume: Volume, { resources }: Container): number {
  const most = resources.limits['memory'] ?? defaultShares.memory;
  return Math.max(4096, Math.round(Math.min(volume.emptyDir?.sizeLimit ?? most, most)));
}

function isMemory({ emptyDir }: PodSpec['volumes'][number]): boolean {
  return emptyDir?.medium === 'Memory';
}

/** `10 MiB`, for people. */
function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [size, unit] = [bytes, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${String(Math.round(size * 10) / 10)} ${units[unit] ?? ''}`;
}
