import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import { mergeStyles, type MergeStyle } from '../../contracts/review/types.ts';
import type { Prisma, PrismaClient, ProtectedBranch } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { ruleCovers } from './branch-rules.ts';
import { maySpeak, mayVouch, ruleSpeaks, vouchClosedBranch } from './vouch-heads.ts';

export interface ProtectedBranchInput {
  pattern: string;
  allowForcePush: boolean;
  allowDeletion: boolean;
  pushUserIds: string[];
  allowWriters: boolean;
  requiredApprovals: number;
  requiredChecks: string[];
  requireCodeOwners: boolean;
  /** how merge requests into it may be merged; empty = as the project says */
  mergeStyles: MergeStyle[];
}

export type ProtectedBranchRecord = Omit<
  ProtectedBranch,
  'projectId' | 'createdAt' | 'speaksSince' | 'mergeStyles'
> & {
  mergeStyles: MergeStyle[];
  /** those of `pushUserIds` that are there, by name */
  pushUsers: { id: string; name: string }[];
  createdAt: string;
};

async function toRecords(
  db: Db,
  rules: readonly ProtectedBranch[],
): Promise<ProtectedBranchRecord[]> {
  const ids = new Set(rules.flatMap((rule) => rule.pushUserIds));
  const users = await db.user.findMany({
    where: { id: { in: [...ids] } },
    select: { id: true, name: true },
    orderBy: { name: 'asc' },
  });
  return rules.map(({ projectId: _, speaksSince: _since, createdAt, ...rest }) => ({
    ...rest,
    mergeStyles: mergeStyles.filter((style) => rest.mergeStyles.includes(style)),
    pushUsers: users.filter(({ id }) => rest.pushUserIds.includes(id)),
    createdAt: createdAt.toISOString(),
  }));
}

async function toRecord(db: Db, rule: ProtectedBranch): Promise<ProtectedBranchRecord> {
  const [made] = await toRecords(db, [rule]);
  if (made === undefined) throw new Error('a rule has no record');
  return made;
}

/** Each rule is asked about each branch that is shown, pushed or merged. */
const maxRules = 100;

/** What is wrong with a pattern over branch names, or null. Braces are out: past a number of them nothing matches. */
export function branchPatternProblem(pattern: string): string | null {
  if (pattern === '' || pattern.length > 255) return 'has 1 to 255 characters';
  if (/[\p{C}\p{Z}{}\\^~:]/u.test(pattern)) return 'has characters that no branch has';
  if (pattern.startsWith('/') || pattern.includes('//')) return 'has an empty part';
  return pattern.startsWith('refs/')
    ? 'is matched against the name of a branch, without refs/heads/'
    : null;
}

async function checkInput(db: PrismaClient, input: Partial<ProtectedBranchInput>): Promise<void> {
  const problem = input.pattern === undefined ? null : branchPatternProblem(input.pattern);
  if (problem !== null) {
    const errors = [{ pointer: '#/pattern', detail: `The pattern ${problem}.` }];
    throw new DomainError('validation_failed', `The pattern ${problem}.`, { errors });
  }
  const wanted = [...new Set(input.pushUserIds ?? [])];
  const known = await db.user.count({ where: { id: { in: wanted } } });
  if (known !== wanted.length) {
    throw new DomainError('unprocessable', 'pushUserIds names a user that is not there.');
  }
}

async function record(
  tx: Prisma.TransactionClient,
  caller: Caller,
  rule: Pick<ProtectedBranch, 'id' | 'projectId' | 'pattern'>,
  did: 'created' | 'updated' | 'deleted',
): Promise<void> {
  await publishEvent(tx, {
    type: 'project.updated',
    projectId: rule.projectId,
    actorId: caller.principal.userId,
    subjectId: rule.projectId,
    message: `${caller.principal.userName} changed the protection of ${rule.pattern}`,
    payload: { changed: ['protectedBranches'], pattern: rule.pattern, did },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: `protected_branch.${did}`,
    resource: 'protected_branch',
    resourceId: rule.id,
    projectId: rule.projectId,
    detail: { ...rule },
  });
}

/** Rules of a project, by pattern. */
export async function listProtectedBranches(
  db: PrismaClient,
  projectId: string,
): Promise<ProtectedBranchRecord[]> {
  const rules = await db.protectedBranch.findMany({
    where: { projectId },
    orderBy: { pattern: 'asc' },
    take: 1000,
  });
  return toRecords(db, rules);
}

/** Adds a rule; access was checked by the route (project:delegate). Throws `already_exists`, `validation_failed`. */
export async function createProtectedBranch(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  input: ProtectedBranchInput,
): Promise<ProtectedBranchRecord> {
  await checkInput(db, input);
  return inTransaction(db, async (tx) => {
    const { pattern } = input;
    // Held while it is counted: two at once would both be the last one.
    await tx.$queryRaw`SELECT 1 FROM projects WHERE id = ${projectId} FOR NO KEY UPDATE`;
    if ((await tx.protectedBranch.count({ where: { projectId } })) >= maxRules) {
      const most = `A project has at most ${String(maxRules)} rules for branches.`;
      throw new DomainError('conflict', `${most} One of them may cover many, as release/* does.`);
    }
    if ((await tx.protectedBranch.count({ where: { projectId, pattern } })) > 0) {
      throw new DomainError('already_exists', 'There is a rule for this pattern.');
    }
    const vouches = await mayVouch(tx, caller, projectId);
    const speaks = await maySpeak(tx, caller, projectId);
    const rule = await tx.protectedBranch.create({
      data: { ...input, id: newId('protectedBranch'), projectId, vouches, speaks },
    });
    await vouchClosedBranch(tx, rule);
    await record(tx, caller, rule, 'created');
    return toRecord(tx, rule);
  });
}

async function findRule(
  tx: Prisma.TransactionClient,
  projectId: string,
  id: string,
): Promise<ProtectedBranch> {
  const rule = await tx.protectedBranch.findFirst({ where: { id, projectId } });
  if (rule === null) throw new DomainError('not_found', 'There is no such rule.');
  return rule;
}

/** What says by whom and how a branch is moved: whoever changes any of it says all of it anew. */
const waysIn = [
  'pattern',
  'pushUserIds',
  'allowWriters',
  'requiredApprovals',
  'requireCodeOwners',
] as const;

/**
 * The default branch deploys with rules and without: whoever may not deploy does not open what somebody who may has closed.
 * On other branches a rule of theirs lets nothing deploy.
 * @throws DomainError `forbidden`
 */
async function requireMayOpen(
  tx: Prisma.TransactionClient,
  caller: Caller,
  rule: ProtectedBranch,
): Promise<void> {
  if (!ruleSpeaks(rule)) return;
  const { defaultBranch } = await tx.project.findUniqueOrThrow({ where: { id: rule.projectId } });
  if (!ruleCovers(rule, defaultBranch) || (await maySpeak(tx, caller, rule.projectId))) return;
  throw new DomainError(
    'forbidden',
    `The rule closes ${defaultBranch}, the default branch, which deploys: who moves it is changed by whoever has deploy:write or deploy:promote by a role, with this credential.`,
  );
}

/** Changes the given parts of a rule. Throws `not_found`, `validation_failed`, and `forbidden` as `requireMayOpen` says. */
export async function updateProtectedBranch(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  id: string,
  input: { [Key in keyof ProtectedBranchInput]?: ProtectedBranchInput[Key] | undefined },
): Promise<ProtectedBranchRecord> {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  const data = Object.fromEntries(entries) as Partial<ProtectedBranchInput>;
  await checkInput(db, data);
  return inTransaction(db, async (tx) => {
    const before = await findRule(tx, projectId, id);
    const said = waysIn.filter((part) => data[part] !== undefined);
    const isSame = said.every((part) => isDeepStrictEqual(data[part], before[part]));
    if (!isSame) await requireMayOpen(tx, caller, before);
    // Saying the same once more takes nothing away, and gives what whoever said it before could not.
    const vouches =
      (isSame && before.vouches) || (said.length > 0 && (await mayVouch(tx, caller, projectId)));
    const speaks =
      (isSame && before.speaks) || (said.length > 0 && (await maySpeak(tx, caller, projectId)));
    const answers = { vouches, speaks };
    const isAnew = !ruleSpeaks(before) || (data.pattern ?? before.pattern) !== before.pattern;
    const since = isAnew ? { speaksSince: new Date() } : {};
    const rule = await tx.protectedBranch.update({
      where: { id },
      data: { ...data, ...answers, ...since },
    });
    // What was closed before holds what came by its rules, and what did not: to say it once more answers for neither. Where
    // it was open, a way in changed, so that `vouches` says of this caller whether they may answer for it.
    const wasOpen = before.allowWriters || before.pattern !== rule.pattern;
    if (data.allowWriters === false && wasOpen) await vouchClosedBranch(tx, rule);
    await record(tx, caller, rule, 'updated');
    return toRecord(tx, rule);
  });
}

/** Removes a rule. Throws `not_found`, and `forbidden` as `requireMayOpen` says. */
export async function deleteProtectedBranch(
  db: PrismaClient,
  caller: Caller,
  projectId: string,
  id: string,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const rule = await findRule(tx, projectId, id);
    await requireMayOpen(tx, caller, rule);
    await tx.protectedBranch.delete({ where: { id } });
    await record(tx, caller, rule, 'deleted');
  });
}
