import type { MergeRule } from '../../contracts/review/types.ts';
import type { MergeRequest } from '../../prisma/generated/client.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import { delegationChainOf } from '../identity/delegation-chain-of.ts';
import { ownersOfPushes, ownersOfWork } from './owners-of-work.ts';
import type { Db } from '../shared/db.ts';

/** Somebody's last word on a merge request: comments alone are none. */
interface Word {
  userId: string;
  name: string;
  email: string;
  verdict: string;
  commitSha: string;
  targetBranch: string;
  isActive: boolean;
  kind: string;
}

export interface Words {
  /** given for the head, by people who may write and whose own work it is not */
  approvals: Word[];
  /** given for an older head */
  stale: Word[];
  /** given for the head while it went into another branch */
  elsewhere: Word[];
  /** given for the head by whoever pushed commits of it, or whose agent did */
  contributed: Word[];
  /** given for the head by others, while nobody knows who pushed a commit of it: it may have been they */
  unattributed: Word[];
  /** that commit */
  unknownSha: string | null;
  /** who asked for changes last and has not taken it back */
  objections: Word[];
  /** approvals that repeat another: a person and the agents that act for them have one voice */
  repeated: Word[];
}

/**
 * What reviewers say of the head.
 * @param brought commits that the target has not; null when they are too many to be told
 */
export async function readWords(
  db: Db,
  mergeRequest: MergeRequest,
  brought: readonly string[] | null,
): Promise<Words> {
  const reviews = await db.mrReview.findMany({
    where: { mrId: mergeRequest.id, verdict: { not: 'comment' } },
    include: { reviewer: true },
    orderBy: { id: 'asc' },
  });
  const last = new Map<string, Word>();
  for (const { reviewer, verdict, commitSha, targetBranch } of reviews) {
    const { id: userId, name, email, isActive } = reviewer;
    const said = { verdict, commitSha, targetBranch, isActive, kind: reviewer.kind };
    last.set(userId, { userId, name, email, ...said });
  }
  const words: Words = {
    approvals: [],
    stale: [],
    elsewhere: [],
    contributed: [],
    unattributed: [],
    unknownSha: null,
    objections: [],
    repeated: [],
  };
  const own = await ownersOfWork(db, mergeRequest.authorId);
  const pushers = await ownersOfPushes(db, mergeRequest, brought);
  words.unknownSha = pushers.unknownSha;
  for (const word of last.values()) {
    if (!word.isActive) continue;
    const { permissions } = await grantedPermissions(db, word.userId, mergeRequest.projectId);
    if (!permissions.has('project:write')) continue;
    if (word.verdict === 'request_changes') words.objections.push(word);
    else if (own.has(word.userId)) continue;
    else if (word.commitSha !== mergeRequest.headSha) words.stale.push(word);
    else if (word.targetBranch !== mergeRequest.targetBranch) words.elsewhere.push(word);
    else if (pushers.ids.has(word.userId)) words.contributed.push(word);
    else if (pushers.unknownSha !== null) words.unattributed.push(word);
    else words.approvals.push(word);
  }
  return { ...words, repeated: await repeatedAmong(db, words.approvals) };
}

async function repeatedAmong(db: Db, approvals: readonly Word[]): Promise<Word[]> {
  const counted = new Set<string>();
  const repeated: Word[] = [];
  const isAgent = (word: Word) => word.kind === 'agent';
  const peopleFirst = [...approvals.filter((word) => !isAgent(word)), ...approvals.filter(isAgent)];
  for (const word of peopleFirst) {
    const chain = isAgent(word)
      ? await delegationChainOf(db, [word.userId])
      : new Map<string, unknown>();
    if ([...chain.keys()].some((id) => counted.has(id))) repeated.push(word);
    else counted.add(word.userId);
  }
  return repeated;
}

export function objectionsRule({ objections }: Words): MergeRule {
  const names = objections.map((word) => word.name);
  return {
    rule: 'changes_requested',
    state: names.length === 0 ? 'passed' : 'missing',
    detail:
      names.length === 0
        ? 'Nobody asks for changes.'
        : `${names.join(', ')} asked for changes and has to review again.`,
    missing: names,
  };
}

/** Approvals that do not count: in one sentence for each reason, and each with its reason. */
function refusedApprovals(words: Words): {
  sentences: string[];
  missing: string[];
} {
  const { stale, elsewhere, contributed, unattributed, unknownSha, repeated } = words;
  const namesOf = (of: readonly Word[]) => of.map((word) => word.name).join(', ');
  return {
    sentences: [
      ...(stale.length === 0 ? [] : [`Older commits were approved by ${namesOf(stale)}.`]),
      ...(elsewhere.length === 0 ? [] : [`For another target: ${namesOf(elsewhere)}.`]),
      ...(contributed.length === 0
        ? []
        : [`Nobody approves what they or their agents pushed: ${namesOf(contributed)}.`]),
      ...(unknownSha === null
        ? []
        : [
            `Nobody knows who pushed commit ${unknownSha.slice(0, 12)}, so no approval counts until somebody pushes that commit once more, to any branch.`,
          ]),
      ...(repeated.length === 0 ? [] : [`One voice with whom they act for: ${namesOf(repeated)}.`]),
    ],
    missing: [
      ...stale.map(({ name }) => `${name}: approved an older commit`),
      ...elsewhere.map(({ name, targetBranch }) => `${name}: approved it for ${targetBranch}`),
      ...contributed.map(({ name }) => `${name}: pushed commits of it, or their agent did`),
      ...unattributed.map(({ name }) => `${name}: nobody knows whether they pushed it`),
    ],
  };
}

export function approvalsRule(words: Words, required: number): MergeRule {
  const count = words.approvals.length - words.repeated.length;
  const passed = count >= required;
  const { sentences, missing } = refusedApprovals(words);
  const detail = `${String(count)} of ${String(required)} approvals of this commit.`;
  return {
    rule: 'approvals',
    state: passed ? 'passed' : 'missing',
    detail: passed ? detail : [detail, ...sentences].join(' '),
    missing: passed ? [] : missing,
  };
}
