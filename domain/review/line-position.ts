import type { GitStore } from '../../contracts/git/store.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { DiffSide } from '../../contracts/review/types.ts';
import type { Comment, MergeRequest, Project } from '../../prisma/generated/client.ts';
import { repoPathOf, requireTreePath } from '../git/read-repository.ts';
import { readRange } from './read-changes.ts';

/** Where a remark is put, as the client sees the diff. */
export interface PositionInput {
  /** head that the client looked at; the current one unless told */
  commitSha?: string | undefined;
  path: string;
  side: DiffSide;
  /** from 1 */
  line: number;
}

export interface LinePosition {
  commitSha: string;
  lineSha: string;
  path: string;
  side: DiffSide;
  line: number;
}

/** Where a remark is now; `outdated` when its line is gone. */
export interface CurrentPosition {
  path: string | null;
  line: number | null;
  outdated: boolean;
}

type Git = Pick<
  GitStore,
  'resolveCommit' | 'mergeBase' | 'statPath' | 'readBlob' | 'mapLines' | 'isAncestor'
>;

const maxFileBytes = 10 * 1024 * 1024;

function unprocessable(field: string, detail: string): DomainError {
  return new DomainError('unprocessable', detail, {
    errors: [{ pointer: `#/position/${field}`, detail }],
  });
}

async function requireLine(git: Git, repoPath: string, at: LinePosition): Promise<void> {
  const gone = unprocessable('path', 'There is no such file on this side.');
  const entry = await git.statPath(repoPath, at.lineSha, at.path).catch((error: unknown) => {
    throw error instanceof DomainError && error.code === 'not_found' ? gone : error;
  });
  if (entry.kind !== 'file') throw gone;
  const bytes = await git.readBlob(repoPath, entry.sha, maxFileBytes);
  let lines = 0;
  for (const byte of bytes) if (byte === 0x0a) lines += 1;
  if (bytes.length > 0 && bytes.at(-1) !== 0x0a) lines += 1;
  if (at.line > lines) throw unprocessable('line', `The file has ${String(lines)} lines.`);
}

/**
 * The position of a remark with the commit that holds its line: the head that was looked at, or where that head leaves
 * the target for a line on the old side.
 * @throws DomainError `unprocessable` when there is no such commit, file or line
 */
export async function readPosition(
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  input: PositionInput,
): Promise<LinePosition> {
  const repoPath = repoPathOf(project);
  const commitSha = input.commitSha ?? mergeRequest.headSha;
  if ((await git.resolveCommit(repoPath, commitSha)) !== commitSha) {
    throw unprocessable('commitSha', 'There is no such commit.');
  }
  const seen = { ...mergeRequest, headSha: commitSha };
  const { base } = await readRange(git, project, seen);
  const lineSha = input.side === 'new' ? commitSha : base;
  if (lineSha === null) throw unprocessable('side', 'The branches share no history.');
  const { side, line } = input;
  const position = { commitSha, lineSha, path: requireTreePath(input.path), side, line };
  await requireLine(git, repoPath, position);
  return position;
}

type Positioned = Pick<Comment, 'id' | 'lineSha' | 'path' | 'side' | 'line'>;

/**
 * Where the lines of remarks are now: those on the new side in the head, those on the old side in the merge base. Lines
 * are followed through changes around them and renames of their file.
 */
export async function followPositions(
  git: Git,
  project: Project,
  mergeRequest: MergeRequest,
  comments: readonly Positioned[],
): Promise<Map<string, CurrentPosition>> {
  const now = await readRange(git, project, mergeRequest);
  const groups = new Map<
    string,
    { from: string; to: string; ids: string[]; lines: { path: string; line: number }[] }
  >();
  for (const { id, lineSha, path, side, line } of comments) {
    const to = side === 'old' ? now.base : now.head;
    if (lineSha === null || path === null || line === null || to === null) continue;
    const key = `${lineSha} ${to}`;
    const group = groups.get(key) ?? { from: lineSha, to, ids: [], lines: [] };
    group.ids.push(id);
    group.lines.push({ path, line });
    groups.set(key, group);
  }
  const found = new Map<string, CurrentPosition>();
  for (const { from, to, ids, lines } of groups.values()) {
    const mapped = await git.mapLines(repoPathOf(project), { from, to, lines });
    ids.forEach((id, index) => {
      const at = mapped[index] ?? null;
      found.set(id, { path: at?.path ?? null, line: at?.line ?? null, outdated: at === null });
    });
  }
  return found;
}
