import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { GitStoreOptions } from '../../adapters/git/git-store.ts';
import type { GitStore, PushProposal } from '../../contracts/git/store.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { makeWorkTree, type WorkTree } from './git-client.ts';
import {
  git,
  startGitServer,
  type GitServer,
  type TestRepository,
  type TestUser,
} from './git-server.ts';

/** Faults that a test turns on and off between the arrival of a push, its check and its record. */
export interface Faults {
  /** takes the place of the check, which it may call; null leaves it alone */
  meddle: ((push: PushProposal, check: () => Promise<void>) => Promise<void>) | null;
  /** the check of pushes fails as if the database did */
  checkBreaks: boolean;
  /** the record of pushes fails */
  recordBreaks: boolean;
}

export interface FaultyGitServer extends GitServer {
  faults: Faults;
  /** may push */
  ann: TestUser;
  /** may only read */
  viewer: TestUser;
}

function meddling(store: GitStore, faults: Faults): GitStore {
  return {
    ...store,
    receivePack: (repoPath, options) =>
      store.receivePack(repoPath, {
        ...options,
        onPush: (push) => {
          const check = () => options.onPush(push);
          return faults.meddle === null ? check() : faults.meddle(push, check);
        },
      }),
  };
}

function broken(): Promise<never> {
  return Promise.reject(new Error('the database is away'));
}

/** The real database, with failures at the places that the faults name. */
function breaking(db: PrismaClient, faults: Faults): PrismaClient {
  return new Proxy(db, {
    get(target, key) {
      if (key === 'apiToken' && faults.checkBreaks) {
        return new Proxy(target.apiToken, {
          get: (model, name) =>
            name === 'findUnique' ? broken : (model[name as never] as unknown),
        });
      }
      if (key === '$transaction' && faults.recordBreaks) {
        return (work: (tx: unknown) => Promise<unknown>, options: object) =>
          target.$transaction(async (tx) => {
            const failing = new Proxy(tx, {
              get: (inner, name) =>
                name === 'push' ? { create: broken } : (inner[name as never] as unknown),
            });
            return work(failing);
          }, options);
      }
      const value: unknown = target[key as keyof PrismaClient];
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

/** A git server whose pushes can be interfered with; its checks must end within 2 s. */
export async function startFaultyGitServer(
  options: Partial<GitStoreOptions> = {},
): Promise<FaultyGitServer> {
  const faults: Faults = { meddle: null, checkBreaks: false, recordBreaks: false };
  const server = await startGitServer({
    wrap: (store) => meddling(store, faults),
    wrapDb: (db) => breaking(db, faults),
    store: { checkTimeoutMs: 2000, ...options },
  });
  const ann = await server.user('ann', 'developer');
  const viewer = await server.user('vera', 'viewer');
  return { ...server, faults, ann, viewer };
}

/**
 * A git whose pushes find a disk of 64 KiB where objects lie, and see none that were there before: a file system of its
 * own, which goes with it.
 */
export async function gitWithFullDisk(folder: string): Promise<string> {
  const file = path.join(folder, 'git-on-a-full-disk');
  const small = `mount -t tmpfs -o size=64k tmpfs objects && exec git "$@"`;
  const script = `#!/bin/sh
case "$*" in
  'receive-pack --stateless-rpc .') exec unshare --map-root-user --mount sh -c '${small}' sh "$@" ;;
esac
exec git "$@"
`;
  await writeFile(file, script, { mode: 0o755 });
  return file;
}

export interface Place {
  repository: TestRepository;
  tree: WorkTree;
  base: string;
}

/** A project with one commit on main. */
export async function makePlace(server: FaultyGitServer, name: string): Promise<Place> {
  const repository = await server.project(server.ann, name);
  const tree = await makeWorkTree(repository.url, server.ann.token);
  await tree.write({ 'README.md': '# x\n' });
  const base = await tree.commit('base');
  await tree.git('push', '-q', 'origin', 'main');
  return { repository, tree, base };
}

/** A commit with the files of `parent` and a message of its own; costs one process. */
export async function commitOn(tree: WorkTree, parent: string, message: string): Promise<string> {
  return (await tree.git('commit-tree', `${parent}^{tree}`, '-p', parent, '-m', message)).trim();
}

export async function headOf(repository: TestRepository, ref = 'main'): Promise<string> {
  return (await git(repository.dir, ['rev-parse', '-q', '--verify', ref])).stdout.trim();
}

/** Names of quarantine directories that lie in the repository. */
export async function quarantines(repository: TestRepository): Promise<string[]> {
  const names = await readdir(path.join(repository.dir, 'objects'));
  return names.filter((name) => name.includes('incoming'));
}

/** Events of a project in the order of their commits. */
export function eventsOf(server: GitServer, projectId: string, type: string) {
  return server.db.event.findMany({
    where: { projectId, type },
    orderBy: [{ xid: 'asc' }, { seq: 'asc' }],
  });
}

async function isBelowUs(pid: number): Promise<boolean> {
  for (let at = pid; at > 1;) {
    if (at === process.pid) return true;
    const stat = await readFile(`/proc/${String(at)}/stat`, 'utf8').catch(() => '');
    at = Number(/\) \S (\d+)/.exec(stat)?.[1] ?? 0);
  }
  return false;
}

/** Processes below this test whose command line has the words; no other is ever looked at. */
export async function childrenLike(words: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    const pid = Number(name);
    if (line.replaceAll('\0', ' ').includes(words) && (await isBelowUs(pid))) found.push(pid);
  }
  return found;
}

/** Ends them as the kernel would; says how many there were. */
export async function killLike(words: string): Promise<number> {
  const pids = await childrenLike(words);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}
