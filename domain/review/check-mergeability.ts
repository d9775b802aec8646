import type { MergeRule, MergeStyle } from '../../contracts/review/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import type {
  MergeRequest,
  Pipeline,
  Project,
  ProtectedBranch,
} from '../../prisma/generated/client.ts';
import { endsKey, isRerun, mergeRequestOfRun } from '../pipeline/run-key.ts';
import type { Db } from '../shared/db.ts';
import { allowedStyles, rulesFor } from './allowed-styles.ts';
import { codeOwnersRule } from './code-owners-rule.ts';
import { isDraft } from './draft-title.ts';
import { gatherFacts, type FactsGit, type MergeFacts } from './gather-facts.ts';
import { recallFacts } from './merge-facts-memo.ts';
import { branchRef } from './merge-request-record.ts';
import { judgeCheck, type CheckRun } from './required-checks.ts';
import { approvalsRule, objectionsRule, readWords } from './review-rules.ts';

export interface Mergeability {
  /** every rule has passed */
  mergeable: boolean;
  /** the style that was asked about, or the preferred one; null when none is allowed */
  style: MergeStyle | null;
  allowedStyles: MergeStyle[];
  headSha: string;
  targetSha: string | null;
  rules: MergeRule[];
}

/** Everything that a merge is decided by. */
export interface MergeCase {
  project: Project;
  mergeRequest: MergeRequest;
  protections: ProtectedBranch[];
  facts: MergeFacts;
  style: MergeStyle | null;
}

function rule(name: string, ok: boolean, detail: [string, string], missing: string[]): MergeRule {
  return {
    rule: name,
    state: ok ? 'passed' : 'missing',
    detail: ok ? detail[0] : detail[1],
    missing: ok ? [] : missing,
  };
}

/** Why paths that both sides changed are not merged. */
export function tooLargeToMerge(paths: readonly string[]): string {
  return `Both sides changed ${paths.join(', ')}, which is too large to be merged here: merge the target into the source branch in a clone.`;
}

function repositoryRules({ mergeRequest, facts, style }: MergeCase): MergeRule[] {
  const { sourceBranch, targetBranch, sourceDeleted } = mergeRequest;
  const there = !sourceDeleted && facts.targetSha !== null;
  const gone = sourceDeleted ? sourceBranch : targetBranch;
  const rules = [
    rule('branches', there, ['Both branches are there.', `The branch ${gone} is gone.`], [gone]),
    rule(
      'commits',
      !facts.isContained,
      ['It has commits that the target has not.', 'The target has all of its commits already.'],
      [],
    ),
  ];
  if (style === 'fast-forward-only') {
    const words: [string, string] = [
      'The target can be moved to the head.',
      `The source branch does not contain all of ${targetBranch}: rebase it first.`,
    ];
    return [...rules, rule('conflicts', facts.canFastForward, words, [targetBranch])];
  }
  if (facts.unshown.length > 0) {
    const detail =
      `The branches were merged crosswise before: in ${String(facts.unshown.length)} path(s) another text would land ` +
      `than the one that is shown. Merge ${targetBranch} into the source branch.`;
    return [...rules, rule('conflicts', false, ['', detail], facts.unshown)];
  }
  const conflicts: [string, string] = [
    'The branches do not conflict.',
    facts.tooLarge
      ? tooLargeToMerge(facts.conflicts)
      : `The branches conflict in ${String(facts.conflicts.length)} path(s).`,
  ];
  const isClean = facts.conflicts.length === 0 && !facts.tooLarge;
  return [...rules, rule('conflicts', isClean, conflicts, facts.conflicts)];
}

function styleRule({ project, protections, style }: MergeCase): MergeRule {
  const { allowed } = allowedStyles(project, protections);
  const ok = style !== null && allowed.includes(style);
  const words: [string, string] = [
    `It may be merged by ${style ?? ''}.`,
    allowed.length === 0
      ? 'The rules of project and branch leave no way to merge.'
      : `${style ?? 'This style'} is not allowed; allowed: ${allowed.join(', ')}.`,
  ];
  return rule('merge_style', ok, words, allowed);
}

/** So many runs of a head are looked at: whoever starts more shall not push out of sight the one that failed. */
const maxRuns = 200;

type OwnRun = CheckRun & Pick<Pipeline, 'gitRef' | 'dedupeKey' | 'targetBranch'>;

async function readRuns(db: Db, mergeRequest: MergeRequest): Promise<OwnRun[]> {
  const runs = await db.pipeline.findMany({
    where: { projectId: mergeRequest.projectId, commitSha: mergeRequest.headSha },
    select: {
      number: true,
      trigger: true,
      gitRef: true,
      dedupeKey: true,
      targetBranch: true,
      status: true,
      steps: { select: { name: true, status: true } },
    },
    orderBy: { number: 'desc' },
    take: maxRuns + 1,
  });
  return runs.map((run) => ({
    ...run,
    isByHand: run.trigger === 'api' || isRerun(run),
  }));
}

/**
 * Whether a run of the head is one of this merge request: made for it and for what it goes into, or by a push to its source
 * branch. One of another target or another ref leaves other steps out, and whoever may write chooses these.
 */
function isOf(run: OwnRun, { id, sourceBranch, targetBranch }: MergeRequest): boolean {
  if (run.trigger === 'push') return run.gitRef === branchRef(sourceBranch);
  if (run.trigger !== 'mr') return true;
  return run.targetBranch === targetBranch && mergeRequestOfRun(run)?.id === id;
}

/** Until its own run was made, or is known not to be wanted, those of a push are not all that it is judged by. */
function onceDecided(mergeRequest: MergeRequest, runs: readonly OwnRun[]) {
  const isDecided =
    mergeRequest.runDecidedFor === endsKey(mergeRequest) ||
    runs.some(({ trigger }) => trigger === 'mr');
  return (one: MergeRule): MergeRule => {
    if (isDecided || one.state !== 'passed') return one;
    const detail = 'The pipeline of the merge request has not begun yet.';
    return { ...one, state: 'pending', detail, missing: [one.rule.replace('check:', '')] };
  };
}

async function checkRules(
  db: Db,
  mergeRequest: MergeRequest,
  names: readonly string[],
): Promise<MergeRule[]> {
  if (names.length === 0) return [];
  const runs = await readRuns(db, mergeRequest);
  if (runs.length <= maxRuns) {
    const own = runs.filter((run) => isOf(run, mergeRequest));
    return names
      .map((name) => judgeCheck(name, own, mergeRequest.headSha))
      .map(onceDecided(mergeRequest, own));
  }
  const detail = `This commit has more than ${String(maxRuns)} runs, which are not all looked at: push another one.`;
  return names.map((name) => rule(`check:${name}`, false, ['', detail], [name]));
}

/** The rules that people and pipelines decide: read anew whenever it matters. */
async function recordRules(db: Db, { mergeRequest, protections, facts }: MergeCase) {
  const words = await readWords(db, mergeRequest, facts.brought);
  const rules: MergeRule[] = [objectionsRule(words)];
  const required = Math.max(0, ...protections.map((one) => one.requiredApprovals));
  if (required > 0) rules.push(approvalsRule(words, required));
  if (protections.some((one) => one.requireCodeOwners)) {
    const { projectId } = mergeRequest;
    rules.push(await codeOwnersRule(db, projectId, words, facts.codeOwners));
  }
  const checks = [...new Set(protections.flatMap((one) => one.requiredChecks))];
  return [...rules, ...(await checkRules(db, mergeRequest, checks))];
}

/** Only a draft is told of it. */
function draftRules({ mergeRequest }: MergeCase): MergeRule[] {
  if (!isDraft(mergeRequest.title)) return [];
  const detail = 'It is a draft: it waits to be marked as ready.';
  return [{ rule: 'draft', state: 'missing', detail, missing: [] }];
}

/** How each rule of a merge stands. Reads the database only. */
export async function judgeMerge(db: Db, merge: MergeCase): Promise<MergeRule[]> {
  const { status } = merge.mergeRequest;
  return [
    rule('status', status === 'open', ['It is open.', `It is ${status}.`], []),
    ...draftRules(merge),
    ...repositoryRules(merge),
    styleRule(merge),
    ...(await recordRules(db, merge)),
  ];
}

/** The rules of the branch that it goes into, always in the same order. */
export async function readProtections(
  db: Db,
  { projectId, targetBranch }: Pick<MergeRequest, 'projectId' | 'targetBranch'>,
): Promise<ProtectedBranch[]> {
  const orderBy = { id: 'asc' } as const;
  return rulesFor(
    await db.protectedBranch.findMany({ where: { projectId }, orderBy }),
    targetBranch,
  );
}

/** Collects what a merge by a style (the preferred one without a choice) is decided by. */
export async function openMergeCase(
  db: Db,
  git: FactsGit,
  project: Project,
  mergeRequest: MergeRequest,
  wanted: MergeStyle | undefined,
  gather: typeof gatherFacts = gatherFacts,
): Promise<MergeCase> {
  const protections = await readProtections(db, mergeRequest);
  const codeOwners = protections.some((one) => one.requireCodeOwners);
  const approvals = codeOwners || protections.some((one) => one.requiredApprovals > 0);
  return {
    project,
    mergeRequest,
    protections,
    facts: await gather(git, project, mergeRequest, { codeOwners, approvals }),
    style: wanted ?? allowedStyles(project, protections).preferred,
  };
}

/** Lists each rule of a merge with how it stands and what is missing. */
export async function checkMergeability(
  db: Db,
  git: FactsGit,
  project: Project,
  mergeRequest: MergeRequest,
  style: MergeStyle | undefined,
): Promise<Mergeability> {
  const merge = await openMergeCase(db, git, project, mergeRequest, style, recallFacts);
  const rules = await judgeMerge(db, merge);
  return {
    mergeable: rules.every((one) => one.state === 'passed'),
    style: merge.style,
    allowedStyles: allowedStyles(project, merge.protections).allowed,
    headSha: mergeRequest.headSha,
    targetSha: merge.facts.targetSha,
    rules,
  };
}

/** The refusal of a merge: one entry for each rule that has not passed, and one for each path that conflicts. */
export function mergeBlocked(rules: readonly MergeRule[]): DomainError {
  const open = rules.filter((one) => one.state !== 'passed');
  const errors = open.flatMap((one) => {
    const pointer = `#/rules/${one.rule}`;
    const paths =
      one.rule === 'conflicts'
        ? one.missing.slice(0, 100).map((detail) => ({ pointer, detail, rule: 'conflict' }))
        : [];
    return [{ pointer, detail: one.detail, rule: one.state }, ...paths];
  });
  return new DomainError('merge_blocked', open.map((one) => one.detail).join(' '), { errors });
}

/** Throws `merge_blocked` unless every rule has passed. */
export async function requireMergeable(db: Db, merge: MergeCase): Promise<void> {
  const rules = await judgeMerge(db, merge);
  if (rules.some((one) => one.state !== 'passed')) throw mergeBlocked(rules);
}
