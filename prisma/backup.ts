import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { access, chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { BackupError, interrupted, refuseInterrupted } from '../adapters/backup/backup-error.ts';
import {
  BackupWriter,
  checkFiles,
  noteVerified,
  openBackedUp,
  type ReadBackup,
  readBackup,
} from '../adapters/backup/backup-folder.ts';
import type { BackedUpFile, Manifest } from '../adapters/backup/manifest.ts';
import { keyFile, objectPath } from '../adapters/backup/backup-paths.ts';
import { dumpDatabase } from '../adapters/backup/dump-database.ts';
import { loadDatabase, requireEmptyDatabase } from '../adapters/backup/load-database.ts';
import { copyRepositories, placeRepositories } from '../adapters/backup/repositories.ts';
import { signatureWords, type Signer, signerOf } from '../adapters/backup/signature.ts';
import { openObjectStore } from '../adapters/object-store/open-object-store.ts';
import type { ObjectStore } from '../adapters/object-store/object-store.ts';
import type { Config } from '../contracts/config.ts';
import { migrate } from './migrate.ts';

export { listBackups } from '../adapters/backup/backup-folder.ts';
export { signatureWords, signerOf } from '../adapters/backup/signature.ts';

/** The same distance from here and from the bundle in dist/. */
const ownMigrations = fileURLToPath(new URL('../prisma/migrations', import.meta.url));

export interface BackupPlace {
  config: Pick<Config, 'home' | 'storage' | 'objectStore' | 'secrets'>;
  databaseUrl: string;
  /** folder of the backup */
  folder: string;
  /** told of each step */
  tell: (text: string) => void;
  /** ends a restore, which takes back what it did */
  signal?: AbortSignal | undefined;
}

async function copyObjects(store: ObjectStore, writer: BackupWriter): Promise<number> {
  let count = 0;
  for await (const key of store.list('')) {
    const source = await store.get(key);
    // retention took it meanwhile
    if (source === null) continue;
    await writer.write(objectPath(key), source, key);
    count += 1;
  }
  return count;
}

async function isEmpty(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.length === 0;
}

const rootOf = ({ home, storage }: BackupPlace['config']) =>
  path.resolve(home, storage.projectsRoot);

/**
 * Makes a backup while everything goes on. The database comes first, as it is at one moment; what its rows point to,
 * repositories and objects, after it: there is then never less than the rows say, and what is more does no harm.
 * @throws BackupError
 */
export async function createBackup(place: BackupPlace & { withKey: boolean }): Promise<Manifest> {
  const { config, databaseUrl, folder, tell, withKey } = place;
  if (!(await isEmpty(folder))) throw new BackupError(`${folder} is there already and not empty`);
  const signer = await signerOf(config);
  if (signer === null) tell('not signed: the master key is not here');
  const draft = `${folder}.part`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await chmod(draft, 0o700);
  const writer = new BackupWriter(draft);
  const createdAt = new Date().toISOString();
  const database = await dumpDatabase(databaseUrl, writer);
  const rows = database.tables.reduce((sum, table) => sum + table.rows, 0);
  tell(`database: ${database.tables.length} tables, ${rows} rows`);
  const repositories = await copyRepositories(rootOf(config), writer, tell);
  tell(`repositories: ${repositories.length}`);
  const objects = await copyObjects(openObjectStore(config), writer);
  tell(`objects: ${objects}`);
  if (withKey) {
    const key = path.resolve(config.home, keyFile);
    await access(key).catch(() => {
      throw new BackupError(
        `${key} is not there: the master key is configured, keep it where it is`,
      );
    });
    await writer.write(keyFile, createReadStream(key));
  }
  const masterKey = withKey;
  const counts = { repositories, objects, masterKey };
  await writer.finish({ format: 1, createdAt, ...database, ...counts }, signer);
  await verifyBackup(draft, signer);
  await rm(folder, { recursive: true, force: true });
  await rename(draft, folder);
  return (await readBackup(folder, signer)).manifest;
}

/**
 * Reads all of a backup, compares sums and counts, and notes in it how that went. What its signature says is for the caller.
 * @throws BackupError naming what differs
 */
export async function verifyBackup(folder: string, signer: Signer | null): Promise<ReadBackup> {
  const backup = await readBackup(folder, signer);
  try {
    await checkFiles(folder, backup.files);
    requireAllPromised(backup);
  } catch (error) {
    await noteVerified(folder, null);
    throw error;
  }
  await noteVerified(folder, new Date());
  return backup;
}

function requireAllPromised({ manifest, files }: { manifest: Manifest; files: BackedUpFile[] }) {
  const paths = new Set(files.map((file) => file.path));
  const missing = manifest.tables.find((table) => !paths.has(table.path));
  if (missing !== undefined) throw new BackupError(`the rows of ${missing.name} are missing`);
  if (manifest.masterKey && !paths.has(keyFile)) throw new BackupError('its key is missing');
  const objects = files.filter((file) => file.key !== undefined).length;
  if (objects !== manifest.objects) {
    throw new BackupError(`${manifest.objects} objects are promised, ${objects} are there`);
  }
}

/** The key of a backup goes to where none is, or to where the same one is. @throws BackupError */
async function requireKeyPlace(folder: string, key: BackedUpFile, target: string): Promise<void> {
  const there = await readFile(target).catch(() => null);
  if (there === null || there.equals(await buffer(await openBackedUp(folder, key)))) return;
  throw new BackupError(
    `${target} is another key than that of the backup: move it away if nothing is sealed with it`,
  );
}

/** Takes back, newest first, what was done. */
class Undo {
  readonly #steps: { what: string; undo: () => Promise<unknown> }[] = [];

  /** @param what is left when it cannot be taken back, for people */
  add(what: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ what, undo });
  }

  /** @returns what is left all the same */
  async run(): Promise<string[]> {
    const left: string[] = [];
    for (const { what, undo } of this.#steps.reverse()) {
      await undo().catch(() => left.push(what));
    }
    return left;
  }
}

async function emptyFolder(folder: string): Promise<void> {
  // Not there: nothing came so far.
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder)) {
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

/** What has to be so before anything is done. @returns how the database is emptied again */
async function requireRoom(
  { config, databaseUrl, folder }: BackupPlace,
  { manifest, files }: { manifest: Manifest; files: BackedUpFile[] },
): Promise<() => Promise<void>> {
  const root = rootOf(config);
  if (!(await isEmpty(root))) {
    throw new BackupError(
      `${root} is not empty: restore into an empty one, also after a restore that was killed`,
    );
  }
  const emptyDatabase = await requireEmptyDatabase(databaseUrl);
  const own = new Set(await readdir(ownMigrations));
  const unknown = manifest.migrations.find((name) => !own.has(name));
  if (unknown !== undefined) {
    throw new BackupError(
      `the backup is of a newer Slipway (${unknown}): restore it with that one`,
    );
  }
  const key = files.find((file) => file.path === keyFile);
  if (key !== undefined) await requireKeyPlace(folder, key, path.resolve(config.home, keyFile));
  return emptyDatabase;
}

/** Its rows make administrators: nobody restores what others may have written without saying so. @throws BackupError */
function requireTrust({ signature }: ReadBackup, trust: boolean, tell: BackupPlace['tell']): void {
  const words = `the backup ${signatureWords[signature]}`;
  if (signature !== 'ours' && !trust) {
    throw new BackupError(
      `${words}; put the master key in its place first, or give --trust where nobody else could write to it`,
    );
  }
  tell(signature === 'ours' ? words : `TRUSTED ON YOUR WORD: ${words}`);
}

/**
 * Restores a backup into an empty database and an empty data folder. Rows come last and in one transaction. What fails
 * takes back all that it has put in place, so that it can be tried again; what it cannot take back it names. So does one
 * that is interrupted.
 * @throws BackupError
 */
export async function restoreBackup(place: BackupPlace & { trust?: boolean }): Promise<Manifest> {
  const { config, folder, tell, trust = false } = place;
  const backup = await verifyBackup(folder, await signerOf(config));
  requireTrust(backup, trust, tell);
  tell(`backup of ${backup.manifest.createdAt}: ${backup.files.length} files are whole`);
  const emptyDatabase = await requireRoom(place, backup);
  const undo = new Undo();
  try {
    await putInPlace(place, backup, { undo, emptyDatabase });
  } catch (error) {
    const left = await undo.run();
    // What is ended by the same Ctrl-C, as git is, has other words for it.
    const said = error instanceof Error ? error.message : String(error);
    const reason = place.signal?.aborted === true ? interrupted : said;
    if (left.length === 0) throw new BackupError(`${reason}; nothing of it was left behind`);
    throw new BackupError(`${reason}; before the next try remove ${left.join(', ')}`);
  }
  return backup.manifest;
}

async function putInPlace(
  { config, databaseUrl, folder, tell, signal }: BackupPlace,
  backup: { manifest: Manifest; files: BackedUpFile[] },
  { undo, emptyDatabase }: { undo: Undo; emptyDatabase: () => Promise<void> },
): Promise<void> {
  const { manifest, files } = backup;
  const root = rootOf(config);
  const setting = { hooksDir: path.resolve(config.home, 'hooks'), gitPath: 'git' };
  undo.add(`what is in ${root}`, () => emptyFolder(root));
  await placeRepositories(
    folder,
    { root, setting, signal },
    { names: manifest.repositories, files },
  );
  tell(`repositories: ${manifest.repositories.length}, each looked at by git`);
  const store = openObjectStore(config);
  for (const file of files) {
    const { key } = file;
    if (key === undefined) continue;
    refuseInterrupted(signal);
    // One that is there may be of a running installation, in the same bucket: it is not ours to take away.
    if ((await store.head(key)) === null) undo.add(`object ${key}`, () => store.delete(key));
    await store.put(key, await openBackedUp(folder, file));
  }
  tell(`objects: ${manifest.objects}`);
  const key = files.find((file) => file.path === keyFile);
  const target = path.resolve(config.home, keyFile);
  // One that is there is the same (requireRoom).
  if (key !== undefined && !existsSync(target)) {
    undo.add(target, () => rm(target, { force: true }));
    const sink = createWriteStream(target, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(await openBackedUp(folder, key), sink);
  }
  refuseInterrupted(signal);
  undo.add('the tables of the database', emptyDatabase);
  await migrate(databaseUrl, { migrationsDir: ownMigrations, only: new Set(manifest.migrations) });
  await loadDatabase(databaseUrl, folder, backup, signal);
  tell(`database: ${manifest.tables.length} tables, as they were`);
  refuseInterrupted(signal);
}
