import { createServer } from 'node:net';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

/** The objects of a target: in memory, and each in a file that is written as a whole. */
export interface StateStore {
  get(ref: ObjectRef): StoredObject | undefined;
  all(): StoredObject[];
  put(object: StoredObject): Promise<void>;
  /** Writes how far a Job is; nothing where it is not that object any more. */
  putJob(ref: ObjectRef, uid: string, job: JobStatus): Promise<void>;
  delete(ref: ObjectRef): Promise<void>;
  /** Throws away what is left of a namespace, also what cannot be read. */
  forget(namespace: string): Promise<void>;
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
  const files = await readdir(folder, { recursive: true });
  for (const file of files) {
    if (file.endsWith('.new')) await rm(join(folder, file), { force: true });
    if (!file.endsWith('.json')) continue;
    try {
      const object = unpack(await readFile(join(folder, file), 'utf8'), box);
      objects.set(refKey(refOf(object.live)), object);
    } catch (error) {
      log('warn', `${file} of the local target cannot be read, and is left out: ${String(error)}`);
    }
  }
  const fileOf = (ref: ObjectRef): { dir: string; file: string } => {
    const dir = join(folder, ref.namespace === '' ? '_' : ref.namespace);
    return { dir, file: join(dir, `${ref.kind}.${ref.name}.json`) };
  };
  const keep = async (object: StoredObject): Promise<void> => {
    const ref = refOf(object.live);
    const { dir, file } = fileOf(ref);
    const text = pack(object, box);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeWhole(file, text);
    objects.set(refKey(ref), object);
  };
  // A Job may end at the very moment that it is applied again: each write is of the object as it is by then.
  const inTurn = turns();
  return {
    get: (ref) => objects.get(refKey(ref)),
    all: () => [...objects.values()],
    put: (object) => inTurn(refKey(refOf(object.live)), () => keep(object)),
    putJob: (ref, uid, job) =>
      inTurn(refKey(ref), async () => {
        const now = objects.get(refKey(ref));
        if (now?.uid === uid) await keep({ ...now, job });
      }),
    delete: (ref) =>
      inTurn(refKey(ref), async () => {
        await rm(fileOf(ref).file, { force: true });
        objects.delete(refKey(ref));
      }),
    forget: async (namespace) => {
      await rm(join(folder, namespace), { recursive: true, force: true });
    },
  };
}

function pack(object: StoredObject, box: SecretBox | null): string {
  if (object.live.kind !== 'Secret' || box === null) return JSON.stringify(object, null, 2);
  const address = addressOf(object.projectId, refOf(object.live));
  const { sealed, keyId } = box.seal(JSON.stringify(object), address);
  const { projectId } = object;
  const ref = refOf(object.live);
  return JSON.stringify({ projectId, ref, keyId, sealed: Buffer.from(sealed).toString('base64') });
}

function unpack(text: string, box: SecretBox | null): StoredObject {
  const kept = JSON.parse(text) as
    StoredObject | { projectId: string; ref: ObjectRef; keyId: string; sealed: string };
  if (!('sealed' in kept)) return kept;
  if (box === null) throw new DomainError('sealed', 'There is no key to open it.');
  const address = addressOf(kept.projectId, kept.ref);
  return JSON.parse(
    box.open(Buffer.from(kept.sealed, 'base64'), kept.keyId, address),
  ) as StoredObject;
}

function addressOf(
  projectId: string,
  ref: ObjectRef,
): { projectId: string; name: string; version: number } {
  return { projectId, name: `local-target/${refKey(ref)}`, version: 1 };
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

/**
 * Makes this process the only one that works on `root`. The kernel lets go of it when the process ends, however it ends.
 * `conflict` when another one holds it.
 */
export async function lockFolder(root: string): Promise<{ release(): void }> {
  const { dev, ino } = await stat(root);
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        taken
          ? new DomainError(
              'conflict',
              'Another Slipway process runs the applications of this folder.',
            )
          : error,
      );
    });
    // A name in the abstract space: no file that a killed process could leave behind.
    server.listen(`\0slipway-local-target-${String(dev)}-${String(ino)}`, resolve);
  });
  server.unref();
  return { release: () => server.close() };
}
