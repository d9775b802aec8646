import type { MergeRule } from '../../contracts/review/types.ts';
import type { MergeRequest } from '../../prisma/generated/client.ts';
import { grantedPermissions } from '../identity/granted-permissions.ts';
import { kinOf } from '../identity/kin-of.ts';
import { ownersOfWork } from './owners-of-work.ts';
import type { Db } from '../shared/db.ts';
import { ownerRulesOf, type OwnerRule } from './code-owners.ts';

/** Somebody's last word on a merge request: comments alone are none. */
interface Word {
  userId: string;
  name: string;
  email: string;
  verdict: string;
  commitSha: string;
  isActive: boolean;
  kind: string;
}

export interface Words {
  /** given for the head, by people who may write and whose own work it is not */
  approvals: Word[];
  /** given for an older head */
  stale: Word[];
  /** who asked for changes last and has not taken it back */
  objections: Word[];
  /** approvals that repeat another: a person and the agents that act for them have one voice */
  repeated: Word[];
}

/** What reviewers say of the head. */
export async function readWords(db: Db, mergeRequest: MergeRequest): Promise<Words> {
  const reviews = await db.mrReview.findMany({
    where: { mrId: mergeRequest.id, verdict: { not: 'comment' } },
    include: { reviewer: true },
    orderBy: { id: 'asc' },
  });
  const last = new Map<string, Word>();
  for (const { reviewer, verdict, commitSha } of reviews) {
    const { id: userId, name, email, isActive } = reviewer;
    last.set(userId, { userId, name, email, verdict, commitSha, isActive, kind: reviewer.kind });
  }
  const words: Words = { approvals: [], stale: [], objections: [], repeated: [] };
  const own = await ownersOfWork(db, mergeRequest.authorId);
  for (const word of last.values()) {
    if (!word.isActive) continue;
    const { permissions } = await grantedPermissions(db, word.userId, mergeRequest.projectId);
    if (!permissions.has('project:write')) continue;
    if (word.verdict === 'request_changes') words.objections.push(word);
    else if (own.has(word.userId)) continue;
    else if (word.commitSha === mergeRequest.headSha) words.approvals.push(word);
    else words.stale.push(word);
  }
  return { ...words, repeated: await repeatedAmong(db, words.approvals) };
}

async function repeatedAmong(db: Db, approvals: readonly Word[]): Promise<Word[]> {
  const counted = new Set<string>();
  const repeated: Word[] = [];
  const isAgent = (word: Word) => word.kind === 'agent';
  const peopleFirst = [...approvals.filter((word) => !isAgent(word)), ...approvals.filter(isAgent)];
  for (const word of peopleFirst) {
    const kin = isAgent(word) ? await kinOf(db, [word.userId]) : new Map<string, unknown>();
    if ([...kin.keys()].some((id) => counted.has(id))) repeated.push(word);
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

export function approvalsRule(words: Words, required: number): MergeRule {
  const count = words.approvals.length - words.repeated.length;
  const stale = words.stale.map((word) => word.name);
  const aged = stale.length === 0 ? '' : ` Older commits were approved by ${stale.join(', ')}.`;
  const twice = words.repeated.map((word) => word.name).join(', ');
  const once = twice === '' ? '' : ` One voice with whom they act for: ${twice}.`;
  return {
    rule: 'approvals',
    state: count >= required ? 'passed' : 'missing',
    detail: `${String(count)} of ${String(required)} approvals of this commit.${count >= required ? '' : `${aged}${once}`}`,
    missing: count >= required ? [] : stale.map((name) => `${name}: approved an older commit`),
  };
}

const maxShown = 50;

export function codeOwnersRule(
  words: Words,
  rules: readonly OwnerRule[] | null,
  paths: readonly string[],
): MergeRule {
  const rule = 'code_owners';
  if (rules === null) {
    const detail = 'The file CODEOWNERS of the target branch is too large to be read.';
    return { rule, state: 'missing', detail, missing: ['CODEOWNERS'] };
  }
  const approved = new Set(
    words.approvals.flatMap((word) => [word.name.toLowerCase(), word.email.toLowerCase()]),
  );
  const missing = [...ownerRulesOf(rules, paths).keys()]
    .filter((one) => !one.owners.some((owner) => approved.has(owner)))
    .map((one) => `${one.pattern}: ${one.owners.map((owner) => `@${owner}`).join(' or ')}`);
  return {
    rule,
    state: missing.length === 0 ? 'passed' : 'missing',
    detail:
      missing.length === 0
        ? 'Every changed file that has owners was approved by one of them.'
        : 'Owners of changed files have to approve.',
    missing: missing.slice(0, maxShown),
  };
}
