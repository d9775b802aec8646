import { branchOfRef, zeroSha } from '../../contracts/git/ref-name.ts';
import type { RefUpdate } from '../../contracts/event/types.ts';
import { DomainError } from '../../contracts/problems.ts';
import { deployPermissions, type Permission } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma, ProtectedBranch } from '../../prisma/generated/client.ts';
import { limitsAllow } from '../identity/credential-limits.ts';
import { requireDirectGrant } from '../identity/require-direct-grant.ts';
import type { Db } from '../shared/db.ts';
import { isGlob, ruleCovers } from './branch-rules.ts';

/** Who moved refs, and how. */
export interface Mover {
  /** null when nobody knows */
  caller: Caller | null;
  /** by a merge, which obeyed the rules of its target */
  isMerge: boolean;
}

/**
 * True when the rules of a branch answer for a move: nobody may push to it but whom they name, and it was a merge of what
 * they had approved, or a push of one whom they name. Rules that let all writers push answer for nobody. They name people:
 * a credential of theirs that was narrowed to less than using secrets does not answer for what is given them. A rule of
 * somebody who may not use secrets vouches for nothing: it would name its own author.
 */
function rulesVouch(rules: readonly ProtectedBranch[], { caller, isMerge }: Mover): boolean {
  const vouching = rules.filter((rule) => rule.vouches);
  const closed = vouching.filter((rule) => !rule.allowWriters);
  if (closed.length === 0 || caller === null) return false;
  if (isMerge && vouching.some((rule) => rule.requiredApprovals > 0)) return true;
  const { principal } = caller;
  return closed.every(
    ({ pushUserIds, projectId }) =>
      pushUserIds.includes(principal.userId) && limitsAllow(principal, 'secret:read', projectId),
  );
}

/**
 * Whether a rule that the caller writes may vouch: they may use secrets themselves, by a direct grant and with this
 * credential. What was delegated to somebody is used, and gives nothing to others.
 */
export const mayVouch = (tx: Db, caller: Caller, projectId: string): Promise<boolean> =>
  holdsDirectly(tx, caller, ['secret:read'], projectId);

/**
 * Whether what the caller says of branches may let these deploy: which is the default one, and how they are moved. They
 * may deploy themselves, by a direct grant and with this credential. Else whoever may delegate on the project, and may not
 * deploy, would make a branch of their own one that does.
 */
export const maySpeak = (tx: Db, caller: Caller, projectId: string): Promise<boolean> =>
  holdsDirectly(tx, caller, deployPermissions, projectId);

/** True when a rule lets its branches deploy: few move them, and whoever said which few could deploy. */
export function ruleSpeaks(rule: Pick<ProtectedBranch, 'speaks' | 'allowWriters'>): boolean {
  // Required approvals close nothing where all writers may push: they are asked of merges alone.
  return rule.speaks && !rule.allowWriters;
}

async function holdsDirectly(
  tx: Db,
  caller: Caller,
  anyOf: readonly Permission[],
  projectId: string,
): Promise<boolean> {
  return await requireDirectGrant(tx, caller, anyOf, projectId, 'any').then(
    () => true,
    (error: unknown) => {
      if (error instanceof DomainError && error.code === 'forbidden') return false;
      throw error;
    },
  );
}

/** Notes the heads that protected branches were led to by their rules: what these hold has been answered for. */
export async function vouchHeads(
  tx: Prisma.TransactionClient,
  projectId: string,
  mover: Mover,
  updates: readonly RefUpdate[],
): Promise<void> {
  const rules = await tx.protectedBranch.findMany({ where: { projectId } });
  const vouched = updates.filter(({ ref, newSha }) => {
    const branch = branchOfRef(ref);
    if (branch === null || newSha === zeroSha) return false;
    return rulesVouch(
      rules.filter((rule) => ruleCovers(rule, branch)),
      mover,
    );
  });
  await storeVouched(tx, projectId, vouched);
}

/** In one statement, however many there are. */
async function storeVouched(
  tx: Prisma.TransactionClient,
  projectId: string,
  heads: readonly { ref: string; newSha: string }[],
): Promise<void> {
  if (heads.length === 0) return;
  const refs = heads.map(({ ref }) => ref);
  const shas = heads.map(({ newSha }) => newSha);
  await tx.$executeRaw`
    INSERT INTO vouched_heads (project_id, ref, sha, vouched_at)
    SELECT ${projectId}, ref, sha, now() FROM unnest(${refs}::text[], ${shas}::text[]) AS new (ref, sha)
    ON CONFLICT (project_id, ref) DO UPDATE SET sha = excluded.sha, vouched_at = excluded.vouched_at`;
}

/**
 * Whoever closes one branch by name to all but some, and may use secrets, answers for what it holds at that moment: the
 * way out for a branch that holds work of somebody who may not. A rule for many branches answers for none of them. Called
 * only for a rule whose `vouches` was asked of whoever closes it now (`mayVouch`).
 */
export async function vouchClosedBranch(
  tx: Prisma.TransactionClient,
  { projectId, pattern, allowWriters, vouches }: ProtectedBranch,
): Promise<void> {
  if (!vouches || allowWriters || isGlob(pattern)) return;
  const ref = await tx.gitRef.findUnique({
    where: { projectId_name: { projectId, name: `refs/heads/${pattern}` } },
  });
  if (ref !== null) await storeVouched(tx, projectId, [{ ref: ref.name, newSha: ref.sha }]);
}
