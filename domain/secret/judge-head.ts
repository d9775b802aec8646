import { branchOfRef } from '../../contracts/git/ref-name.ts';
import type { Project, ProtectedBranch } from '../../prisma/generated/client.ts';
import { ruleCovers } from '../git/branch-rules.ts';
import {
  type CredentialLimits,
  limitsAllow,
  whyCredentialEnded,
} from '../identity/credential-limits.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import { systemUserId } from '../identity/system-user.ts';
import type { Db } from '../shared/db.ts';
import {
  broughtSomething,
  headsBefore,
  isHeldBy,
  isPushed,
  movesAtOnce,
  movesOfRef,
  unansweredMoves,
  type HeadGit,
  type Move,
  type UnansweredMove,
} from './contributors-of-head.ts';

/** Somebody who asked for what is going to run. */
export interface Asker {
  /** null when nobody did */
  id: string | null;
  /** of the credential that they asked with; with a token's id it must still stand */
  limits: CredentialLimits;
}

/** What is going to run, and who asked for it. */
export interface Head {
  projectId: string;
  /** full ref that it is run of; null when it belongs to none */
  ref: string | null;
  commitSha: string | null;
  /** who asked for it; whoever opened the merge request too */
  askedBy: readonly Asker[];
  /** when the merge request of it was opened */
  openedAt: Date | null;
  /** a lasting deployment: whoever may deploy let it in, and it must not fall over when somebody leaves */
  isLasting: boolean;
}

export interface HeadStanding {
  /** why it gets no secrets, in half a sentence; null when it gets them */
  why: string | null;
  /** reached by the rules of a protected branch: it gets protected secrets too */
  isProtected: boolean;
}

/** Beyond so many commits that nobody has vouched for each push of the project is looked for in them. */
const mostCommits = 20_000;

type Place = Pick<Project, 'id' | 'defaultBranch' | 'repoPath'> & {
  protectedBranches: ProtectedBranch[];
};

/**
 * Whether what runs at a head may have the project's secrets. It may when its branch is protected and all that it holds
 * was led there by the rules; else when everybody who asked for it, who pushed to its branch, and who brought commits
 * that it holds, is known and may use secrets, with the credential that they pushed with.
 *
 * On the default branch and on protected ones a push counts as it was when it was made, so that people who leave take
 * nothing with them; elsewhere they must hold `secret:read` now too.
 */
export async function judgeHead(db: Db, git: HeadGit, head: Head): Promise<HeadStanding> {
  const project = await db.project.findUniqueOrThrow({
    where: { id: head.projectId },
    include: { protectedBranches: true },
  });
  const branch = head.ref === null ? null : branchOfRef(head.ref);
  const isCovered =
    branch !== null && project.protectedBranches.some((rule) => ruleCovers(rule, branch));
  const unvouched = await unvouchedCommits(db, git, project, head.commitSha);
  const isVouched = head.commitSha !== null && unvouched?.length === 0;
  if (isCovered && isVouched) return { why: null, isProtected: true };
  const speaks = isCovered || branch === project.defaultBranch;
  const inquiry = new Inquiry(db, head.projectId);
  const why =
    (head.isLasting ? null : await whyNotAsked(db, inquiry, head)) ??
    (head.isLasting || speaks ? null : await whyNotPushed(db, inquiry, head)) ??
    (await whyNotHeld(db, git, inquiry, project, head, unvouched));
  const isTag = head.ref?.startsWith('refs/tags/') === true;
  return { why, isProtected: why === null && isVouched && isTag };
}

/** Commits of a head that no rule of a protected branch has answered for; null when they cannot be told one by one. */
async function unvouchedCommits(
  db: Db,
  git: HeadGit,
  { id, repoPath }: Place,
  sha: string | null,
): Promise<string[] | null> {
  if (sha === null) return [];
  if (repoPath === null) return null;
  const vouched = await db.vouchedHead.findMany({ where: { projectId: id } });
  const without = vouched.map((one) => one.sha);
  return await git.commitsWithout(repoPath, { sha, without, limit: mostCommits });
}

/** Asks after people, each once. */
class Inquiry {
  private readonly db: Db;
  private readonly projectId: string;
  private readonly known = new Map<string, Promise<boolean>>();
  private readonly names = new Map<string, Promise<string>>();

  constructor(db: Db, projectId: string) {
    this.db = db;
    this.projectId = projectId;
  }

  /** Whether somebody may use secrets of the project now. The platform itself may. */
  holds(userId: string): Promise<boolean> {
    const known = this.known.get(userId) ?? this.ask(userId);
    this.known.set(userId, known);
    return known;
  }

  private async ask(userId: string): Promise<boolean> {
    if (userId === systemUserId) return true;
    const { permissions } = await grantedPermissions(this.db, userId, this.projectId);
    return permissions.has('secret:read');
  }

  nameOf(userId: string): Promise<string> {
    const known = this.names.get(userId) ?? this.askName(userId);
    this.names.set(userId, known);
    return known;
  }

  private async askName(userId: string): Promise<string> {
    const user = await this.db.user.findUnique({ where: { id: userId } });
    return user?.name ?? 'somebody who is gone';
  }
}

async function whyNotAsked(
  db: Db,
  inquiry: Inquiry,
  { projectId, askedBy }: Head,
): Promise<string | null> {
  for (const { id, limits } of askedBy) {
    if (id === null) continue;
    for (const one of [id, ...limits.actChain]) {
      if (await inquiry.holds(one)) continue;
      return `${await inquiry.nameOf(one)}, whose work it is or who asked for it, does not hold secret:read`;
    }
    if (!limitsAllow(limits, 'secret:read', projectId))
      return `the token that ${await inquiry.nameOf(id)} asked for it with does not have secret:read`;
    if (limits.tokenId === null) continue;
    const ended = await whyCredentialEnded(db, await db.user.findUnique({ where: { id } }), limits);
    if (ended !== null) return ended;
  }
  return null;
}

/** Of a branch that does not speak for the project, or a tag: everybody who moved it, as they are now. */
async function whyNotPushed(db: Db, inquiry: Inquiry, head: Head): Promise<string | null> {
  const { projectId, ref, commitSha, openedAt } = head;
  const nobody = nobodyKnows(shortName(ref));
  if (ref === null || commitSha === null) return nobody;
  const moves = await movesOfRef(db, { projectId, ref, sha: commitSha }, openedAt);
  if (moves.length === 0) return nobody;
  for (const move of moves) {
    const why = await whyNotMoved(inquiry, move);
    if (why !== null) return why;
  }
  return null;
}

/** Everybody who brought commits that the head holds and that nobody has answered for. */
async function whyNotHeld(
  db: Db,
  git: HeadGit,
  inquiry: Inquiry,
  project: Place,
  { isLasting, commitSha, ref }: Head,
  commits: readonly string[] | null,
): Promise<string | null> {
  if (commitSha === null || commits?.length === 0) return null;
  const repoPath = project.repoPath ?? '';
  const repository = { projectId: project.id, repoPath };
  if (!(await isPushed(db, git, repository, { sha: commitSha, isLasting })))
    return nobodyKnows(shortName(ref));
  // The head itself may be a tag, which is none of its commits.
  const asked = commits === null ? null : [...commits, commitSha];
  const suspects: Suspect[] = [];
  for (const move of await unansweredMoves(db, project.id, asked)) {
    // Pushed before it was noted: what a lasting deployment was given until then it keeps.
    if (isLasting && move.withSecrets === null) continue;
    const why = await whyNotMoved(inquiry, move);
    if (why !== null) suspects.push({ move, why });
  }
  if (repoPath === '') return suspects[0]?.why ?? null;
  return await whyNotBrought(
    db,
    git,
    { ...repository, head: commits === null ? commitSha : null },
    suspects,
  );
}

/** A move by somebody who may not use secrets, and what is said of it where it matters. */
interface Suspect {
  move: UnansweredMove;
  why: string;
}

/**
 * The first of these moves, by time, that brought something which nobody has answered for.
 * @param place `head`: only what it holds counts; null: all of them are commits of it
 */
async function whyNotBrought(
  db: Db,
  git: HeadGit,
  { projectId, repoPath, head }: { projectId: string; repoPath: string; head: string | null },
  suspects: readonly Suspect[],
): Promise<string | null> {
  // What brought nothing when it was pushed first brings nothing later: it is looked at once, however many names it has.
  const settled = new Set<string>();
  for (let at = 0; at < suspects.length; at += movesAtOnce) {
    const batch = suspects.slice(at, at + movesAtOnce);
    const times = batch.map(({ move }) => move.createdAt);
    const earlier = await headsBefore(db, projectId, times);
    for (const { move, why } of batch) {
      if (settled.has(move.newSha)) continue;
      if (await isHeldBy(git, repoPath, move.newSha, move.mergedHeads)) continue;
      settled.add(move.newSha);
      if (head !== null && !(await isHeldBy(git, repoPath, move.newSha, [head]))) continue;
      const heads = earlier.get(move.createdAt.getTime()) ?? [];
      if (await broughtSomething(git, repoPath, move, heads)) return why;
    }
  }
  return null;
}

const nobodyKnows = (where: string): string =>
  `nobody knows who pushed all that is in ${where}. Push it as a new branch`;

async function whyNotMoved(inquiry: Inquiry, move: Move): Promise<string | null> {
  const { pusherId, withSecrets, ref } = move;
  const where = shortName(ref);
  if (pusherId === null) return nobodyKnows(where);
  if (!(await inquiry.holds(pusherId)))
    return `${await inquiry.nameOf(pusherId)}, who pushed to ${where}, does not hold secret:read`;
  if (withSecrets === false)
    return `${await inquiry.nameOf(pusherId)} pushed to ${where} without secret:read, which they or their token did not have then`;
  return null;
}

const shortName = (ref: string | null): string =>
  (ref ?? 'it').replace(/^refs\/(heads|tags)\//, '');
