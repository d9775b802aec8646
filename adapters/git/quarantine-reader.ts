import type { RefUpdate } from '../../contracts/event/types.ts';
import type { PushProposal } from '../../contracts/git/store.ts';
import { runGit, type GitSetting, type RunOptions, type RunResult } from './git-process.ts';
import type { HookMessage } from './hook-channel.ts';
import { lookUpObjects } from './look-up-objects.ts';

export type QuarantineReader = Pick<PushProposal, 'isAncestor' | 'forwardMoves' | 'readBlobs'>;

type Git = (args: string[], options?: Partial<RunOptions>) => Promise<RunResult>;

/** Runs git on the repository plus what the push brought, which lies in quarantine until the push is accepted. */
function quarantinedGit(setting: GitSetting, cwd: string, message: HookMessage): Git {
  const env: Record<string, string> = {};
  if (message.quarantinePath !== '') {
    env['GIT_QUARANTINE_PATH'] = message.quarantinePath;
    env['GIT_OBJECT_DIRECTORY'] = message.objectDirectory;
    env['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = message.alternateObjectDirectories;
  }
  return (args, options) => runGit(setting, ['--git-dir=.', ...args], { ...options, cwd, env });
}

const maxGraphBytes = 64 * 1024 * 1024;
/** Commits that are visited for all moves together: where branches share a long history, git itself is asked. */
const maxVisits = 1_000_000;

/** Parents of the commits that the new heads have and the old ones have not. A part of them is as true as all. */
async function readGraph(git: Git, moves: readonly RefUpdate[]): Promise<Map<string, string[]>> {
  const input = [...moves.map((one) => one.newSha), ...moves.map((one) => `^${one.oldSha}`)];
  const args = ['rev-list', '--parents', '--ignore-missing', '--stdin'];
  const { code, stdout, stderr } = await git(args, {
    input: `${input.join('\n')}\n`,
    maxBytes: maxGraphBytes,
    cut: true,
  });
  if (code !== 0) throw new Error(`git rev-list failed: ${stderr}`);
  const graph = new Map<string, string[]>();
  for (const line of stdout.toString('latin1').split('\n').slice(0, -1)) {
    const [commit = '', ...parents] = line.split(' ');
    graph.set(commit, parents);
  }
  return graph;
}

async function forwardMoves(git: Git, moves: readonly RefUpdate[]): Promise<Set<RefUpdate>> {
  const forward = new Set<RefUpdate>();
  if (moves.length === 0) return forward;
  const graph = await readGraph(git, moves);
  let left = maxVisits;
  for (const move of moves) {
    const seen = new Set([move.newSha]);
    for (const commit of seen) {
      if (commit === move.oldSha) forward.add(move);
      left -= 1;
      if (left < 0 || forward.has(move)) break;
      for (const parent of graph.get(commit) ?? []) seen.add(parent);
    }
  }
  return forward;
}

interface Blob {
  sha: string;
  size: number;
  commits: string[];
}

/** The different blobs at a path of commits. */
async function findBlobs(git: Git, commits: readonly string[], path: string): Promise<Blob[]> {
  const asked = [...new Set(commits)];
  const read = async (args: string[], options: Partial<RunOptions>): Promise<Buffer> => {
    const { code, stdout, stderr } = await git(args, options);
    if (code !== 0) throw new Error(`git cat-file failed: ${stderr}`);
    return stdout;
  };
  const found = await lookUpObjects(
    read,
    asked.map((commit) => `${commit}:${path}`),
  );
  const blobs = new Map<string, Blob>();
  found.forEach((one, index) => {
    if (one?.type !== 'blob') return;
    const blob = blobs.get(one.sha) ?? { sha: one.sha, size: one.bytes, commits: [] };
    blob.commits.push(asked[index] ?? '');
    blobs.set(one.sha, blob);
  });
  return [...blobs.values()];
}

/** Read by one process at a time, and held in memory. */
const maxBatchBytes = 8 * 1024 * 1024;

function* inBatches(blobs: readonly Blob[]): Generator<Blob[]> {
  let batch: Blob[] = [];
  let bytes = 0;
  for (const blob of blobs) {
    if (batch.length > 0 && bytes + blob.size > maxBatchBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(blob);
    bytes += blob.size;
  }
  if (batch.length > 0) yield batch;
}

/** Contents as `cat-file --batch` prints them: a line of id, type and size, the bytes, a line end. */
async function readTexts(git: Git, blobs: readonly Blob[]): Promise<string[]> {
  const { code, stdout, stderr } = await git(['cat-file', '--batch'], {
    input: blobs.map(({ sha }) => `${sha}\n`).join(''),
    maxBytes: maxBatchBytes * 2 + blobs.length * 100,
  });
  if (code !== 0) throw new Error(`git cat-file failed: ${stderr}`);
  let at = 0;
  return blobs.map(({ sha, size }) => {
    const header = `${sha} blob ${String(size)}\n`;
    if (!stdout.subarray(at).toString('latin1', 0, header.length).startsWith(header)) {
      throw new Error('git cat-file answered something else');
    }
    const begin = at + header.length;
    at = begin + size + 1;
    return stdout.toString('utf8', begin, begin + size);
  });
}

async function* readBlobs(
  git: Git,
  commits: readonly string[],
  path: string,
  maxBytes: number,
): AsyncGenerator<{ commits: string[]; text: string | null }> {
  const blobs = await findBlobs(git, commits, path);
  for (const blob of blobs) if (blob.size > maxBytes) yield { commits: blob.commits, text: null };
  for (const batch of inBatches(blobs.filter(({ size }) => size <= maxBytes))) {
    const texts = await readTexts(git, batch);
    for (const [index, blob] of batch.entries()) {
      yield { commits: blob.commits, text: texts[index] ?? '' };
    }
  }
}

/** Reads a repository together with the objects of a push that is not let in yet. */
export function quarantineReader(
  setting: GitSetting,
  cwd: string,
  message: HookMessage,
): QuarantineReader {
  const git = quarantinedGit(setting, cwd, message);
  return {
    async isAncestor(ancestor, descendant) {
      const { code, stderr } = await git(['merge-base', '--is-ancestor', ancestor, descendant]);
      if (code !== 0 && code !== 1) throw new Error(`git merge-base failed: ${stderr}`);
      return code === 0;
    },
    forwardMoves: (moves) => forwardMoves(git, moves),
    readBlobs: (commits, path, maxBytes) => readBlobs(git, commits, path, maxBytes),
  };
}
