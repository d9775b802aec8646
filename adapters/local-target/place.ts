import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { WorkspaceMount } from '../executor/executor.ts';
import { inFolder } from '../files/folder.ts';
import { makeFolder } from '../hardening/make-folder.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { LaunchMount } from '../sandbox/launch-plan.ts';
import { stepGid, stepUid, treeName, workspaceTarget } from '../sandbox/options.ts';
import { copyTree, throwAway } from '../workspace/trees.ts';
import type { Layer } from './image-store.ts';
import { makeOwned, type Machine } from './machine.ts';
import { checkWay, innermost, mountsOf, type ShownTree } from './mounts.ts';
import type { PodInputs } from './pod-inputs.ts';
import type { PodPlan } from './pod-plan.ts';

/** The files of one run of a container. */
export interface Place {
  workspace: WorkspaceMount;
  mounts: LaunchMount[];
  /** what it sees as /etc; undefined: what all see */
  etc: string | undefined;
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
  // Beside the sandboxes' other files, which go with this process; on the disk of the state a Secret would be plain.
  const files = join(host.context.instance.dir, 'volumes', plan.id);
  await rm(files, { recursive: true, force: true });
  const sources = new Map([
    ...(await makeClaims(root, plan)),
    ...(await makeFolders(join(root, 'replicas', plan.id, 'volumes'), plan, inputs)),
    ...(await writeVolumes(files, inputs)),
  ]);
  const image = { at: workspaceTarget, source: join(root, layer.path, treeName) };
  const mounts = await mountAll(plan, sources, inputs, image);
  const etc = await ownEtc(host, id, mounts);
  return {
    workspace: { id, kind, root, layers, upper, work },
    mounts,
    etc,
    dispose: async () => {
      for (const dir of [files, etc]) if (dir) await rm(dir, { recursive: true, force: true });
      await throwAway(join(root, base), join(root, 'replicas'));
    },
  };
}

type Sources = [volume: string, dir: string][];
const owner = process.getuid?.() === 0 ? { uid: stepUid, gid: stepGid } : null;

async function makeClaims(root: string, { claims }: PodPlan): Promise<Sources> {
  if (claims.length === 0) return [];
  const all = join(root, 'claims');
  await mkdir(all, { recursive: true, mode: 0o700 });
  await inFolder(all, async (folder) => {
    for (const { dir } of claims) await folder.make(relative(all, dir), { mode: 0o700, owner });
  });
  return claims.map(({ name, dir }) => [name, dir]);
}

/** The volumes that begin empty. */
async function makeFolders(dir: string, { spec }: PodPlan, inputs: PodInputs): Promise<Sources> {
  const names = spec.volumes.map(({ name }) => name).filter((name) => !inputs.files.has(name));
  if (names.length === 0) return [];
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await inFolder(dir, async (folder) => {
    for (const name of names) await folder.make(name, { mode: 0o700, owner });
  });
  return names.map((name) => [name, join(dir, name)]);
}

/** The volumes that are made of ConfigMaps and Secrets. */
async function writeVolumes(dir: string, { files }: PodInputs): Promise<Sources> {
  if (files.size === 0) return [];
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await inFolder(dir, async (all) => {
    for (const name of files.keys()) await all.make(name, { mode: 0o700, owner });
  });
  for (const [name, content] of files) {
    await inFolder(join(dir, name), async (volume) => {
      for (const [key, text] of Object.entries(content)) {
        await volume.write(key, text, { mode: 0o400, owner });
      }
    });
  }
  return [...files.keys()].map((name) => [name, join(dir, name)]);
}

async function mountAll(
  plan: PodPlan,
  sources: ReadonlyMap<string, string>,
  inputs: PodInputs,
  image: ShownTree,
): Promise<LaunchMount[]> {
  const shown = [image];
  const mounts: LaunchMount[] = [];
  for (const { name, mountPath, readOnly } of mountsOf(plan.container)) {
    const source = sources.get(name);
    if (source === undefined) throw new Error(`there is no volume ${name}`);
    const within = innermost(mountPath, shown);
    if (within !== undefined) await checkWay(mountPath, within);
    shown.push({ at: mountPath, source });
    const fixed = readOnly || inputs.files.has(name);
    mounts.push({ source, target: mountPath, readOnly: fixed });
  }
  return mounts;
}

/** The /etc of an application that mounts something below it: a copy of what all see, with places for that. */
async function ownEtc(
  host: SandboxHost,
  id: string,
  mounts: readonly LaunchMount[],
): Promise<string | undefined> {
  const shown = mounts.map(({ source, target }) => ({ at: target, source }));
  const places = mounts
    .map(({ target }) => target)
    .filter((path) => path.startsWith('/etc/') && innermost(path, shown) === undefined);
  if (places.length === 0) return undefined;
  const { instance, view } = host.context;
  const dir = join(instance.dir, `etc-${id}`);
  await makeFolder(dir, 0o755);
  await copyTree(view.etc, dir);
  await inFolder(dir, async (etc) => {
    for (const path of places) await etc.make(path.slice('/etc/'.length));
  });
  return dir;
}
