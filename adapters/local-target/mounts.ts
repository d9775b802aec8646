import { posix } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';
import { inFolder } from '../files/folder.ts';
import type { Container, PodSpec } from './pod-schema.ts';

type VolumeMount = Container['volumeMounts'][number];

/** What a sandbox is made of, and what only we put there. */
const ours =
  /^\/(?:usr|bin|sbin|lib\w*|proc|dev|sys|nix|oldroot|newroot|etc\/slipway|opt\/slipway-node)(?:\/|$)/;

/** Refuses what a sandbox cannot show: `validation_failed`. `object` is whose pods they are, for people. */
export function checkMounts(object: string, spec: PodSpec, claims: readonly string[]): void {
  const names = new Set([...spec.volumes.map(({ name }) => name), ...claims]);
  for (const container of spec.containers) {
    for (const { name, mountPath } of container.volumeMounts) {
      if (!names.has(name)) throw refused(`${object}: There is no volume ${name}.`);
      const form = normalForm(mountPath);
      // A slash at the end is usual, and means nothing.
      if (mountPath === form || mountPath === `${form}/`) continue;
      const expected = `${JSON.stringify(mountPath)} is not in normal form, which is ${form}`;
      throw refused(`${object}: The mountPath of the volume ${name}: ${expected}.`);
    }
    mountsOf(container, `${object}: `);
  }
}

/**
 * A container's mounts in normal form, outer ones first as container runtimes take them.
 * @throws DomainError `validation_failed` for a path that is not the application's
 */
export function mountsOf(
  { volumeMounts }: Pick<Container, 'volumeMounts'>,
  before = '',
): VolumeMount[] {
  const taken = new Set<string>();
  const mounts = volumeMounts.map((mount) => {
    const mountPath = normalForm(mount.mountPath);
    if (/\p{Cc}/u.test(mountPath)) {
      throw refused(
        `${before}The mountPath of the volume ${mount.name} holds a control character.`,
      );
    }
    if (mountPath === '/' || mountPath === '/etc' || ours.test(mountPath)) {
      throw refused(`${before}A volume cannot be mounted at ${mountPath} here.`);
    }
    if (taken.has(mountPath)) throw refused(`${before}Two volumes are mounted at ${mountPath}.`);
    taken.add(mountPath);
    return { ...mount, mountPath };
  });
  return mounts.sort((a, b) => depth(a.mountPath) - depth(b.mountPath));
}

/** A tree that a sandbox shows, as far as an application may have put links there. */
export interface ShownTree {
  /** where it is shown */
  at: string;
  /** the folder that is shown */
  source: string;
}

/** The innermost of the trees that a path lies below. */
export function innermost(path: string, trees: readonly ShownTree[]): ShownTree | undefined {
  return trees
    .filter(({ at }) => path.startsWith(`${at}/`))
    .reduce<ShownTree | undefined>(
      (best, tree) => (tree.at.length > (best?.at.length ?? 0) ? tree : best),
      undefined,
    );
}

/** Refuses a place within a tree that is no folder, or that a link leads to: what is mounted there would be elsewhere. */
export async function checkWay(mountPath: string, { at, source }: ShownTree): Promise<void> {
  const rest = mountPath.slice(at.length + 1);
  const obstacle = await inFolder(source, (folder) => folder.obstacle(rest));
  if (obstacle === null) return;
  const what = obstacle.isLink ? 'a link' : 'no folder';
  throw refused(`A volume cannot be mounted at ${mountPath}: ${at}/${obstacle.path} is ${what}.`);
}

function normalForm(path: string): string {
  const form = posix.normalize(path);
  return form.length > 1 && form.endsWith('/') ? form.slice(0, -1) : form;
}

function depth(path: string): number {
  return path.split('/').length;
}

function refused(detail: string): DomainError {
  return new DomainError('validation_failed', detail);
}
