import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Config } from '../../contracts/config.ts';
import { loadBuilt, type ListedBackup } from '../built.ts';
import { CliError } from '../cli-error.ts';

interface Wanted {
  folder: string;
  withKey: boolean;
  trust: boolean;
}

/** Options and further words were refused before (dispatch.ts). */
function read(args: readonly string[], missing = 'Name the folder of the backup.'): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'with-key': { type: 'boolean' }, trust: { type: 'boolean' } },
  });
  const [folder] = positionals;
  if (folder === undefined) throw new CliError(missing, 2);
  const { 'with-key': withKey = false, trust = false } = values;
  return { folder: path.resolve(folder), withKey, trust };
}

/** True where `npm start` brings a Postgres of its own. */
const isOwn = ({ database }: Config) => database.url === null && database.host === 'localhost';

/** The configured database, or the one that `npm start` runs over the same home. */
async function addressOf(config: Config): Promise<string> {
  const { databaseUrl, ownDatabaseUrl } = await loadBuilt('config');
  const own = isOwn(config) ? await ownDatabaseUrl(config.home) : null;
  return own ?? databaseUrl(config);
}

const tell = (text: string): void => console.log(`  ${text}`);

async function run<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === 'BackupError') {
      throw new CliError(`${error.message}.`);
    }
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === 'connect' && (code === 'ECONNREFUSED' || code === 'ENOENT')) {
      throw new CliError('The database does not answer: is it started?');
    }
    throw error;
  }
}

/** Makes a backup of what runs. @returns exit code */
export async function backupCreate(args: readonly string[]): Promise<number> {
  const wanted = read(args);
  const config = (await loadBuilt('config')).loadConfig({ env: process.env });
  const { createBackup } = await loadBuilt('backup');
  const place = { config, databaseUrl: await addressOf(config), ...wanted, tell };
  await run(() => createBackup(place));
  const key = wanted.withKey ? 'with the master key' : 'without the master key: keep that apart';
  return say(`The backup is whole, in ${wanted.folder}, ${key}.`);
}

/** Checks a backup. @returns exit code */
export async function backupVerify(args: readonly string[]): Promise<number> {
  const wanted = read(args);
  const { verifyBackup, signerOf, signatureWords } = await loadBuilt('backup');
  const signer = await signerOf((await loadBuilt('config')).loadConfig({ env: process.env }));
  const { manifest, files, signature } = await run(() => verifyBackup(wanted.folder, signer));
  const words = `The backup ${signatureWords[signature]}.`;
  if (signature === 'foreign') throw new CliError(words);
  const whole = `The backup of ${manifest.createdAt} is whole: ${String(files.length)} files.`;
  return say(`${whole}\n${words}`);
}

const signed: Record<NonNullable<ListedBackup['signature']>, string> = {
  ours: 'signed here',
  foreign: 'MADE ELSEWHERE OR CHANGED SINCE',
  none: 'not signed',
  unknown: 'signature not checked: no master key here',
};

function lineOf(listed: ListedBackup) {
  const { name, createdAt, bytes, repositories, verifiedAt, signature, problem } = listed;
  if (createdAt === null) return `${name}  no backup: ${problem ?? 'it cannot be read'}`;
  const inMiB = (bytes / 2 ** 20).toFixed(1);
  const size = bytes < 2 ** 20 ? `${String(Math.ceil(bytes / 1024))} KiB` : `${inMiB} MiB`;
  const whole = verifiedAt === null ? 'NOT verified' : `verified ${verifiedAt}`;
  const by = signed[signature ?? 'none'];
  const count = `repositories: ${String(repositories)}`;
  return `${name}  made ${createdAt}  ${size}  ${count}  ${whole}  ${by}`;
}

/** Lists the backups that lie in a folder. @returns exit code */
export async function backupList(args: readonly string[]): Promise<number> {
  const { folder } = read(args, 'Name the folder that holds the backups.');
  const { listBackups, signerOf } = await loadBuilt('backup');
  const signer = await signerOf((await loadBuilt('config')).loadConfig({ env: process.env }));
  const listed = await run(() => listBackups(folder, signer));
  if (listed.length === 0) return say(`There is no backup in ${folder}.`);
  return say(listed.map(lineOf).join('\n'));
}

/** Ctrl-C, or being asked to end: it does not end us, whoever works ends by it. */
function interruption(heard: () => void): AbortSignal {
  const asked = new AbortController();
  asked.signal.addEventListener('abort', heard, { once: true });
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      asked.abort();
    });
  }
  return asked.signal;
}

/** Restores a backup into nothing. @returns exit code */
export async function backupRestore(args: readonly string[]): Promise<number> {
  const wanted = read(args);
  const { loadConfig, databaseUrl } = await loadBuilt('config');
  const config = loadConfig({ env: process.env });
  if (isOwn(config)) return await restoreWithPostgres(wanted);
  const { restoreBackup } = await loadBuilt('backup');
  const { folder, trust } = wanted;
  const signal = interruption(() => {
    tell('interrupted: what was done is taken back');
  });
  const place = { config, databaseUrl: databaseUrl(config), folder, tell, signal, trust };
  const manifest = await run(() => restoreBackup(place));
  return say(
    manifest.masterKey
      ? 'Restored, with the master key. Start Slipway.'
      : 'Restored. Start Slipway with the master key in its place, or secrets stay sealed.',
  );
}

/** Nothing runs yet: a Postgres is started over the home for as long as it takes. */
function restoreWithPostgres({ folder, trust }: Wanted): Promise<number> {
  const script = fileURLToPath(new URL('../deploy/restore.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, folder, ...(trust ? ['--trust'] : [])], {
    stdio: 'inherit',
  });
  interruption(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.once('error', () => resolve(1));
  });
}

function say(text: string): number {
  console.log(text);
  return 0;
}
