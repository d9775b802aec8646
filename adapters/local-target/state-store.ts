import { mkdir, open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest, ObjectRef } from '../../contracts/deploy/manifest.ts';
import { refKey, refOf } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { SecretBox } from '../../contracts/secret/types.ts';
import { turns } from './in-turn.ts';
import type { JobStatus } from './job-run.ts';
import type { LocalLog } from './machine.ts';

/** An object as it is kept: what we asked for, and what is there. */
export interface StoredObject {
  deploymentId: string;
  projectId: string;
  uid: string;
  generation: number;
  createdAt: string;
  /** the fields that we manage */
  applied: Manifest;
  /** all fields, ours and those of others */
  live: Manifest;
  /** JSON pointer → who else wrote that field */
  managers: Record<string, string>;
  /** of a Service: its port → the host's */
  ports: Record<string, number>;
  job: JobStatus | null;
}

/** The objects of a target: in memory, and each in a file that is written as a whole. Each is its deployment's alone. */
export interface StateStore {
  get(deploymentId: string, ref: NamedRef): StoredObject | undefined;
  all(): StoredObject[];
  of(deploymentId: string): StoredObject[];
  /** Keys of the Services that were given a port of the machine. */
  keysWithPort(port: number): string[];
  put(object: StoredObject): Promise<void>;
  /** Writes how far a Job is; nothing where it is not that object any more. */
  putJob(object: StoredObject, job: JobStatus): Promise<void>;
  delete(object: StoredObject): Promise<void>;
  /** Throws away what is left of a deployment, also what cannot be read. */
  forget(deploymentId: string): Promise<void>;
}

type NamedRef = Pick<ObjectRef, 'apiVersion' | 'kind' | 'name'>;

/**
 * What an object is known by. The namespace is no part of it: it is a name of the deployment, and two could have had the
 * same one. The Namespace object itself is one of its kind.
 */
export function keyOf(deploymentId: string, { apiVersion, kind, name }: NamedRef): string {
  const own = kind === 'Namespace' ? '' : name;
  return `${deploymentId} ${refKey({ apiVersion, kind, namespace: '', name: own })}`;
}

export function keyOfObject({ deploymentId, live }: StoredObject): string {
  return keyOf(deploymentId, refOf(live));
}

/**
 * Reads what is kept under `folder`. Secrets are sealed when there is a box, and files are for this user only in any case.
 */
export async function openStateStore(
  folder: string,
  box: SecretBox | null,
  log: LocalLog,
): Promise<StateStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const objects = new Map<string, StoredObject>();
  const keep = async (object: StoredObject): Promise<void> => {
    const file = join(folder, fileOf(object));
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeWhole(file, pack(object, box));
    objects.set(keyOfObject(object), object);
  };
  await readAll(folder, box, log, { objects, keep });
  // A Job may end at the very moment that it is applied again: each write is of the object as it is by then.
  const inTurn = turns();
  return {
    get: (deploymentId, ref) => objects.get(keyOf(deploymentId, ref)),
    all: () => [...objects.values()],
    of: (deploymentId) => [...objects.values()].filter((one) => one.deploymentId === deploymentId),
    keysWithPort: (port) =>
      [...objects.values()]
        .filter(({ ports }) => Object.values(ports).includes(port))
        .map(keyOfObject),
    put: (object) => inTurn(keyOfObject(object), () => keep(object)),
    putJob: (object, job) =>
      inTurn(keyOfObject(object), async () => {
        const now = objects.get(keyOfObject(object));
        if (now?.uid === object.uid) await keep({ ...now, job });
      }),
    delete: (object) =>
      inTurn(keyOfObject(object), async () => {
        await rm(join(folder, fileOf(object)), { force: true });
        objects.delete(keyOfObject(object));
      }),
    forget: async (deploymentId) => {
      await rm(join(folder, deploymentId), { recursive: true, force: true });
    },
  };
}

/** Relative to the folder of objects. */
function fileOf({ deploymentId, live }: StoredObject): string {
  const { kind, metadata } = live;
  return join(
    deploymentId,
    kind === 'Namespace' ? 'Namespace.json' : `${kind}.${metadata.name}.json`,
  );
}

/**
 * What was kept by namespace is put where it belongs now. Of an object that lies in both places, as after a crash in between,
 * the one at its place is newer.
 */
async function readAll(
  folder: string,
  box: SecretBox | null,
  log: LocalLog,
  { objects, keep }: Pick<Kept, 'objects' | 'keep'>,
): Promise<void> {
  const misplaced: { file: string; object: StoredObject }[] = [];
  for (const file of await readdir(folder, { recursive: true })) {
    if (file.endsWith('.new')) await rm(join(folder, file), { force: true });
    if (!file.endsWith('.json')) continue;
    try {
      const object = unpack(await readFile(join(folder, file), 'utf8'), box);
      if (fileOf(object) === file) objects.set(keyOfObject(object), object);
      else misplaced.push({ file, object });
    } catch (error) {
      log('warn', `${file} of the local target cannot be read, and is left out: ${String(error)}`);
    }
  }
  for (const { file, object } of misplaced) {
    if (!objects.has(keyOfObject(object))) await keep(object);
    await rm(join(folder, file), { force: true });
    // the last one takes the folder with it
    await rmdir(dirname(join(folder, file))).catch(() => undefined);
  }
}

interface Kept {
  objects: Map<string, StoredObject>;
  keep(object: StoredObject): Promise<void>;
}

function pack(object: StoredObject, box: SecretBox | null): string {
  if (object.live.kind !== 'Secret' || box === null) return JSON.stringify(object, null, 2);
  const { projectId, deploymentId } = object;
  const ref = refOf(object.live);
  const address = addressOf({ projectId, deploymentId, ref });
  const { sealed, keyId } = box.seal(JSON.stringify(object), address);
  const text = Buffer.from(sealed).toString('base64');
  return JSON.stringify({ projectId, deploymentId, ref, keyId, sealed: text });
}

function unpack(text: string, box: SecretBox | null): StoredObject {
  const kept = JSON.parse(text) as StoredObject | (SealedAt & { keyId: string; sealed: string });
  if (!('sealed' in kept)) return kept;
  if (box === null) throw new DomainError('sealed', 'There is no key to open it.');
  const address = addressOf(kept);
  return JSON.parse(
    box.open(Buffer.from(kept.sealed, 'base64'), kept.keyId, address),
  ) as StoredObject;
}

interface SealedAt {
  projectId: string;
  /** absent in what was sealed when objects were kept by namespace */
  deploymentId?: string;
  ref: ObjectRef;
}

function addressOf({ projectId, deploymentId, ref }: SealedAt): {
  projectId: string;
  name: string;
  version: number;
} {
  const key = deploymentId === undefined ? refKey(ref) : keyOf(deploymentId, ref);
  return { projectId, name: `local-target/${key}`, version: 1 };
}

async function writeWhole(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, file);
}
