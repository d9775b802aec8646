import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  MirrorError,
  mirrorPath,
  type MirrorSource,
  type MirrorStore,
} from '../../contracts/git/mirror.ts';
import type { Cancellation } from '../../contracts/git/store.ts';
import { OutboundError } from '../../contracts/outbound/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Spawner } from '../spawner/spawner.ts';
import { sweepLocks } from './care.ts';
import { explainFetch } from './explain-fetch.ts';
import { type GitSetting, mustRunGit, runGit } from './git-process.ts';
import { createRepository, removeRepository } from './make-repository.ts';
import { repositoryDir, repositoryExists } from './repository-path.ts';

export interface MirrorStoreOptions {
  /** directory of the store of repositories */
  root: string;
  /** directory for our hook scripts */
  hooksDir: string;
  gitPath?: string;
  spawner?: Spawner | undefined;
  /** addresses that a host may be reached at; throws OutboundError when it may not */
  resolveHost: (hostname: string) => Promise<string[]>;
  /** longest time of one fetch */
  timeoutMs: number;
  /** how much one fetch may bring; default 256 MiB */
  maxBytes?: number;
}

interface Context {
  root: string;
  setting: GitSetting;
  options: MirrorStoreOptions;
}

/** Whatever branch is followed, so that a change from `a` to `a/b` meets no name in its way. */
const followed = 'followed';
const defaultMaxBytes = 256 * 1024 * 1024;
const careMs = 60_000;
const watchMs = 250;
/** The mirror is one process's alone: a lock that is older was left by one that was killed. */
const staleLockMs = 15_000;

/** See {@link MirrorStore}. Mirrors lie at `mirrorPath` below `root`. */
export function createMirrorStore(options: MirrorStoreOptions): MirrorStore {
  const context: Context = {
    root: path.resolve(options.root),
    setting: {
      hooksDir: path.resolve(options.hooksDir),
      gitPath: options.gitPath ?? 'git',
      spawner: options.spawner,
    },
    options,
  };
  return {
    fetch: (id, source, signal) => fetchMirror(context, id, source, signal),
    remove: (id) => removeRepository(context, mirrorPath(id)),
    list: () => listMirrors(context),
  };
}

async function listMirrors({ root }: Context): Promise<string[]> {
  const names = await readdir(path.join(root, '.ops')).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.flatMap((name) => /^(ops_[0-9a-z]{26})\.git$/.exec(name)?.[1] ?? []);
}

async function fetchMirror(
  context: Context,
  id: string,
  source: MirrorSource,
  signal: Cancellation,
): Promise<string> {
  const config = await fetchConfig(context, source);
  const cwd = repositoryDir(context.root, mirrorPath(id));
  if (!(await repositoryExists(cwd))) await createRepository(context, mirrorPath(id), followed);
  await sweepLocks(cwd, staleLockMs);
  const before = await readFollowed(context, cwd);
  await runFetch(context, cwd, source, { config, signal });
  const sha = await readFollowed(context, cwd);
  if (sha === null) throw new MirrorError(`It has no branch ${source.branch}.`);
  if (sha !== before) await pack(context, cwd, signal);
  return sha;
}

/**
 * What git is told for this fetch, by its environment alone: no other protocol, no redirect (which also keeps it from
 * `http-alternates`), no proxy, no stored password, and the host bound to the addresses that were judged, so that a name
 * that leads elsewhere a moment later gains nothing.
 */
async function fetchConfig(
  { options }: Context,
  { url, credential }: MirrorSource,
): Promise<[string, string][]> {
  const { protocol, hostname, port, origin } = new URL(url);
  const name = protocol === 'https:' ? 'https' : 'http';
  const addresses = await options.resolveHost(hostname).catch((error: unknown) => {
    throw error instanceof OutboundError ? new MirrorError(`${error.message}.`) : error;
  });
  const bound = addresses.map((ip) => (ip.includes(':') ? `[${ip}]` : ip)).join(',');
  const portOf = port === '' ? (name === 'https' ? '443' : '80') : port;
  const isAddress = hostname.startsWith('[') || addresses.includes(hostname);
  return [
    ['protocol.allow', 'never'],
    [`protocol.${name}.allow`, 'always'],
    ['http.followRedirects', 'false'],
    ['http.lowSpeedLimit', '1000'],
    ['http.lowSpeedTime', '30'],
    ['http.proxy', ''],
    ['credential.helper', ''],
    ['core.askPass', ''],
    ['fetch.recurseSubmodules', 'false'],
    // Objects are checked as they come, never unpacked in memory.
    ['fetch.unpackLimit', '1'],
    ['transfer.unpackLimit', '1'],
    ['fetch.fsck.zeroPaddedFilemode', 'ignore'],
    ['fetch.fsck.badTimezone', 'ignore'],
    ['fetch.fsck.missingSpaceBeforeDate', 'ignore'],
    ...(isAddress
      ? []
      : [['http.curloptResolve', `${hostname}:${portOf}:${bound}`] as [string, string]]),
    ...(credential === null
      ? []
      : [
          [`http.${origin}/.extraHeader`, `Authorization: Basic ${toBase64(credential)}`] as [
            string,
            string,
          ],
        ]),
  ];
}

const toBase64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** Only the head of the branch: nothing else is rendered. */
const fetchArgs = [
  ...['--git-dir=.', 'fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules'],
  ...['--no-write-fetch-head', '--no-auto-maintenance', '--end-of-options'],
];

async function runFetch(
  { setting, options }: Context,
  cwd: string,
  { url, branch, credential }: MirrorSource,
  { config, signal }: { config: [string, string][]; signal: Cancellation },
): Promise<void> {
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  const guard = await watchSize(cwd, maxBytes, signal);
  try {
    const refspec = `+refs/heads/${branch}:refs/heads/${followed}`;
    const { code, stderr } = await runGit(setting, [...fetchArgs, url, refspec], {
      cwd,
      config,
      signal: guard.signal,
      timeoutMs: options.timeoutMs,
    });
    if (code === 0) return;
    if (guard.isOver()) {
      const limit = Math.round(maxBytes / 1024 / 1024);
      throw new MirrorError(`It sends more than ${String(limit)} MiB for one commit.`);
    }
    throw new MirrorError(
      explainFetch({ code, stderr, branch, hasCredential: credential !== null }),
    );
  } catch (error) {
    await removePartial(cwd);
    if (!(error instanceof DomainError) || error.code !== 'timed_out') throw error;
    const seconds = Math.round(options.timeoutMs / 1000);
    throw new MirrorError(`It was not read within ${String(seconds)} s.`);
  } finally {
    guard.stop();
  }
}

/** git itself sets no bound to what it is sent: it is ended when the mirror grows by more than `maxBytes`. */
async function watchSize(
  cwd: string,
  maxBytes: number,
  signal: Cancellation,
): Promise<{ signal: AbortSignal; isOver: () => boolean; stop: () => void }> {
  const before = await sizeOfPacks(cwd);
  const ending = new AbortController();
  const abort = () => {
    ending.abort();
  };
  let isOver = false;
  const timer = setInterval(() => {
    void sizeOfPacks(cwd).then((now) => {
      if (now - before <= maxBytes) return;
      isOver = true;
      abort();
    });
  }, watchMs);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort);
  return {
    signal: ending.signal,
    isOver: () => isOver,
    stop: () => {
      clearInterval(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

async function sizeOfPacks(cwd: string): Promise<number> {
  const dir = path.join(cwd, 'objects', 'pack');
  const names = await readdir(dir).catch(() => []);
  const sizes = names.map((name) =>
    stat(path.join(dir, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** A pack that was not received to its end is nobody's. */
async function removePartial(cwd: string): Promise<void> {
  const dir = path.join(cwd, 'objects', 'pack');
  for (const name of await readdir(dir).catch(() => [])) {
    if (name.startsWith('tmp_')) await rm(path.join(dir, name), { force: true });
  }
}

async function readFollowed({ setting }: Context, cwd: string): Promise<string | null> {
  const args = [
    '--git-dir=.',
    'rev-parse',
    '--verify',
    '--quiet',
    `refs/heads/${followed}^{commit}`,
  ];
  const { code, stdout } = await runGit(setting, args, { cwd });
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

/** Each fetch is a pack: some dozens of them become one. What no branch names any more stays readable for two weeks. */
async function pack({ setting }: Context, cwd: string, signal: Cancellation): Promise<void> {
  try {
    await mustRunGit(setting, ['--git-dir=.', 'gc', '--auto', '--quiet'], {
      cwd,
      signal,
      timeoutMs: careMs,
      config: [
        ['gc.auto', '2000'],
        ['gc.autoPackLimit', '20'],
      ],
    });
  } catch {
    // The next fetch tries again; nothing that is read depends on it.
  }
}
