import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { DomainError } from '../../contracts/problems.ts';
import { foreignWords } from '../../contracts/shared/foreign-words.ts';
import type { WorkspaceMount } from '../executor/executor.ts';
import { copyTree, giveTree, removeTree, throwAway } from './trees.ts';

/**
 * The trees that steps work in. A run has one checkout; each step's attempt works on top of the checkout and of what its
 * ancestors committed, and its changes count only once they are committed. All state is in the names of directories, so
 * any process on this machine may take over.
 */
export interface WorkspaceStore {
  /**
   * Makes the tree that all steps of the run begin with; once only, a second call for the same run asks nothing of `base`.
   * @returns what the script printed, when it was made
   * @throws DomainError `unprocessable` when it cannot be made within the limits
   */
  prepareBase(runId: string, base: BaseTree): Promise<string>;
  hasBase(runId: string): Promise<boolean>;
  /**
   * A fresh tree for one attempt. Earlier attempts of this step are thrown away, a committed one too.
   * @param needs every ancestor that has committed, in topological order (a step after all it needs)
   */
  beginStep(
    runId: string,
    step: string,
    attempt: number,
    needs: readonly string[],
  ): Promise<WorkspaceMount>;
  /** Makes the attempt's changes what later steps see. Safe to repeat. Returns the mount for `collect` afterwards. */
  commitStep(workspace: WorkspaceMount): Promise<WorkspaceMount>;
  /** Throws the attempt away. Safe to repeat. */
  discardStep(workspace: WorkspaceMount): Promise<void>;
  removeRun(runId: string): Promise<void>;
  /** Removes what killed processes left of runs that are not live any more. Returns how many. */
  sweep(isLive: (runId: string) => Promise<boolean>): Promise<number>;
}

/** How the first tree of a run comes to be. */
export interface BaseTree {
  /** puts files of ours into the new, empty tree, before anything foreign was there */
  fill?: (tree: string) => Promise<void>;
  /** makes the rest in a sandbox over the tree, for what is foreign: a link or a `..` in it has nowhere to lead */
  script: string;
  /** the script's standard input */
  feed?: (stdin: Writable) => Promise<void>;
}

/** Runs a program over one directory without rights; `ProcessExecutor.contain` is one. */
export type Contain = (task: {
  directory: string;
  script: string;
  feed?: (stdin: Writable) => Promise<void>;
  timeoutMs: number;
  diskBytes: number;
}) => Promise<{ code: number | null; output: string }>;

export interface WorkspaceOptions {
  /** absolute; made if missing */
  root: string;
  contain: Contain;
  /** Whom the trees belong to: the step's user; null: whoever Slipway runs as. */
  owner: { uid: number; gid: number } | null;
  /** `detectKind` tells; `directory` copies the tree for each step */
  kind: WorkspaceMount['kind'];
  /** Of an unpacked checkout, default 4 GiB. */
  baseBytes?: number;
  /** Default 10 minutes. */
  baseTimeoutMs?: number;
}

interface Store extends WorkspaceOptions {
  /** Makes a directory that the step's user owns. */
  own(dir: string): Promise<void>;
}

/**
 * Opens the store; nothing is read until it is used. Beneath a run: `base`, the checkout; `s/<step>`, committed layers;
 * `a/<attempt>`, attempts with `u`pper and `w`ork. Short names, for a mount's options must fit in one page.
 */
export function createWorkspaceStore(options: WorkspaceOptions): WorkspaceStore {
  const store: Store = {
    ...options,
    own: async (dir) => {
      await mkdir(dir);
      await chmod(dir, 0o755);
      if (options.owner !== null) await chown(dir, options.owner.uid, options.owner.gid);
    },
  };
  const dirOf = (runId: string): string => join(options.root, checkedName(runId));
  const hasBase = async (runId: string): Promise<boolean> => exists(join(dirOf(runId), 'base'));
  return {
    hasBase,
    prepareBase: async (runId, base) => {
      if (!(await hasBase(runId))) await prepareBase(store, dirOf(runId), base);
      return await readFile(join(dirOf(runId), 'base', saidFile), 'utf8').catch(() => '');
    },
    beginStep: async (runId, step, attempt, needs) =>
      beginStep(store, dirOf(runId), { step, attempt, needs }),
    commitStep,
    discardStep: (workspace) =>
      throwAway(join(workspace.root, 'a', workspace.id), dirname(workspace.root)),
    removeRun: async (runId) => throwAway(dirOf(runId), options.root),
    sweep: async (isLive) => {
      let removed = 0;
      for (const name of await readdir(options.root).catch(() => [])) {
        const isTrash = name.startsWith('.trash');
        if (!isTrash && (await isLive(name))) continue;
        await removeTree(join(options.root, name));
        if (!isTrash) removed += 1;
      }
      return removed;
    },
  };
}

/** Beside the tree, where no step sees it: what was said when it was made. */
const saidFile = 'said';

async function prepareBase(store: Store, dir: string, base: BaseTree): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const fresh = join(dir, `base-${randomBytes(6).toString('hex')}`);
  await store.own(fresh);
  const tree = join(fresh, 'workspace');
  await store.own(tree);
  try {
    await base.fill?.(tree);
    if (base.fill !== undefined && store.owner !== null) giveTree(tree, store.owner);
    const { code, output } = await store.contain({
      directory: tree,
      script: base.script,
      ...(base.feed === undefined ? {} : { feed: base.feed }),
      timeoutMs: store.baseTimeoutMs ?? 600_000,
      diskBytes: store.baseBytes ?? 4 * 1024 ** 3,
    });
    if (code !== 0) {
      const why = foreignWords(output);
      throw new DomainError('unprocessable', `The checkout could not be made: ${why}`);
    }
    await writeFile(join(fresh, saidFile), output);
  } catch (error) {
    await removeTree(fresh);
    throw error;
  }
  try {
    await rename(fresh, join(dir, 'base'));
  } catch (error) {
    // Another worker was first; its tree is the same commit.
    await removeTree(fresh);
    if (!(await exists(join(dir, 'base')))) throw error;
  }
}

async function beginStep(
  store: Store,
  root: string,
  { step, attempt, needs }: { step: string; attempt: number; needs: readonly string[] },
): Promise<WorkspaceMount> {
  const key = keyOf(step);
  if (!(await exists(join(root, 'base'))))
    throw new DomainError('not_found', 'The run has no checkout here.');
  if (needs.length > 250)
    throw new DomainError('validation_failed', 'A step may need at most 250 others.');
  for (const name of needs) {
    if (!(await exists(join(root, 's', keyOf(name))))) {
      throw new DomainError('conflict', `The step ${name} has not committed its tree.`);
    }
  }
  for (const dir of ['a', 's']) await mkdir(join(root, dir), { recursive: true, mode: 0o700 });
  for (const name of await readdir(join(root, 'a'))) {
    if (name.startsWith(`${key}-`)) await throwAway(join(root, 'a', name), dirname(root));
  }
  await throwAway(join(root, 's', key), dirname(root));
  const id = `${key}-${String(attempt)}-${randomBytes(4).toString('hex')}`;
  await mkdir(join(root, 'a', id), { mode: 0o700 });
  const [upper, work] = [`a/${id}/u`, `a/${id}/w`];
  for (const dir of [upper, work, `${upper}/home`]) await store.own(join(root, dir));
  await writeFile(join(root, 's', `${key}.needs`), JSON.stringify(needs.map(keyOf)));
  if (store.kind === 'overlay') {
    const layers = ['base', ...needs.map((name) => `s/${keyOf(name)}`)];
    return { id, kind: 'overlay', root, layers, upper, work };
  }
  for (const source of await treesToCopy(root, needs)) {
    await copyTree(join(root, source), join(root, upper));
  }
  return { id, kind: 'directory', root, layers: [], upper, work };
}

/**
 * Without an overlay a committed tree is whole, so only the ancestors that no other ancestor builds on are copied. Where
 * two of them meet, the newer file wins, and a file that one of them deleted stays: weaker than an overlay.
 */
async function treesToCopy(root: string, needs: readonly string[]): Promise<string[]> {
  const builtOn = new Set<string>();
  for (const name of needs) {
    const text = await readFile(join(root, 's', `${keyOf(name)}.needs`), 'utf8');
    for (const key of JSON.parse(text) as string[]) builtOn.add(key);
  }
  const tips = needs.map(keyOf).filter((key) => !builtOn.has(key));
  return tips.length === 0 ? ['base'] : tips.map((key) => `s/${key}`);
}

async function commitStep(workspace: WorkspaceMount): Promise<WorkspaceMount> {
  const key = workspace.id.split('-')[0] ?? '';
  const layer = `s/${key}`;
  await throwAway(join(workspace.root, workspace.upper, 'home'), dirname(workspace.root));
  try {
    await rename(join(workspace.root, workspace.upper), join(workspace.root, layer));
  } catch (error) {
    if (!(await exists(join(workspace.root, layer)))) {
      throw new DomainError('conflict', 'This attempt was given up; a later one took its place.', {
        cause: error,
      });
    }
  }
  await throwAway(join(workspace.root, 'a', workspace.id), dirname(workspace.root));
  return { ...workspace, upper: layer };
}

/** A step's name may be anything; its key is short and safe in a path. */
function keyOf(step: string): string {
  return createHash('sha256').update(step).digest('hex').slice(0, 10);
}

function checkedName(runId: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(runId)) return runId;
  throw new DomainError('validation_failed', 'The id of a run is not valid.');
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
