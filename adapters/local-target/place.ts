import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkspaceMount } from '../executor/executor.ts';
import { makeFolder } from '../hardening/make-folder.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { LaunchMount } from '../sandbox/launch-plan.ts';
import { stepGid, stepUid } from '../sandbox/options.ts';
import { copyTree, throwAway } from '../workspace/trees.ts';
import type { Layer } from './image-store.ts';
import { makeOwned, type Machine } from './machine.ts';
import type { PodInputs } from './pod-inputs.ts';
import type { PodPlan } from './pod-plan.ts';

/** The files of one run of a container. */
export interface Place {
  workspace: WorkspaceMount;
  mounts: LaunchMount[];
  /** Throws away what the run wrote. */
  dispose(): Promise<void>;
}

/** A fresh layer over the image, and the pod's volumes. What belongs to the pod outlives the run. */
export async function preparePlace(
  machine: Machine,
  host: SandboxHost,
  plan: PodPlan,
  run: number,
  layer: Layer,
  inputs: PodInputs,
): Promise<Place> {
  const base = join('replicas', plan.id, `run-${String(run)}`);
  const [upper, work] = [join(base, 'u'), join(base, 'w')];
  const { root, kind } = machine;
  await mkdir(join(root, base), { recursive: true, mode: 0o711 });
  for (const dir of [upper, work, join(upper, 'home')]) await makeOwned(join(root, dir));
  const id = `${plan.id}-${String(run)}`;
  if (kind === 'directory') await copyTree(join(root, layer.path), join(root, upper));
  const layers = kind === 'overlay' ? [layer.path] : [];
  const files = join(host.context.instance.dir, 'volumes', plan.id);
  const sources = new Map(plan.claims.map(({ name, dir }) => [name, dir]));
  for (const { dir } of plan.claims) await makeOwned(dir, 0o700);
  for (const volume of plan.spec.volumes) {
    const content = inputs.files.get(volume.name);
    const dir =
      content === undefined
        ? join(root, 'replicas', plan.id, 'volumes', volume.name)
        : join(files, volume.name);
    if (content === undefined) await makeOwned(dir, 0o700);
    else await writeVolume(dir, content);
    sources.set(volume.name, dir);
  }
  const mounts: LaunchMount[] = [];
  for (const { name, mountPath, readOnly } of plan.container.volumeMounts) {
    // What lies in /etc comes from one folder of ours, which nothing can be made in from inside.
    if (mountPath.startsWith('/etc/')) {
      await makeFolder(join(host.context.instance.dir, mountPath), 0o755);
    }
    const fixed = readOnly || inputs.files.has(name);
    mounts.push({ source: sources.get(name) ?? '', target: mountPath, readOnly: fixed });
  }
  return {
    workspace: { id, kind, root, layers, upper, work },
    mounts,
    dispose: async () => {
      await rm(files, { recursive: true, force: true });
      await throwAway(join(root, base), join(root, 'replicas'));
    },
  };
}

/** Beside the sandboxes' other files, which go with this process; on the disk of the state a Secret would be plain. */
async function writeVolume(dir: string, content: Readonly<Record<string, string>>): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  await mkdir(join(dir, '..', '..'), { recursive: true, mode: 0o700 });
  await makeOwned(dir, 0o700);
  for (const [name, text] of Object.entries(content)) {
    const file = join(dir, name);
    await writeFile(file, text, { mode: 0o400 });
    if (process.getuid?.() === 0) await chown(file, stepUid, stepGid);
  }
}
