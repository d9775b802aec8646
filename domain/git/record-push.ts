import { branchOfRef, zeroSha } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { GitPushedPayload, RefUpdate } from '../../contracts/event/types.ts';
import { deployPermissions } from '../../contracts/identity/permissions.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { Prisma, Project } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { effectivePermissions } from '../identity/check-access.ts';
import { limitsOf } from '../identity/credential-limits.ts';
import { newId } from '../shared/new-id.ts';
import { beginsWith } from '../shared/text-match.ts';
import { vouchHeads } from './vouch-heads.ts';

export interface RecordedPush {
  pushId: string;
  changeId: string;
}

type PushedProject = Pick<Project, 'id' | 'defaultBranch' | 'repoPath'>;

/** Brings `git_refs` to what the updates say; in two statements, however many refs there are. */
async function storeRefs(
  tx: Prisma.TransactionClient,
  projectId: string,
  updates: readonly RefUpdate[],
): Promise<void> {
  const kept = updates.filter((update) => update.newSha !== zeroSha);
  const gone = updates.filter((update) => update.newSha === zeroSha).map((update) => update.ref);
  if (kept.length > 0) {
    const names = kept.map((update) => update.ref);
    const shas = kept.map((update) => update.newSha);
    await tx.$executeRaw`
      INSERT INTO git_refs (project_id, name, sha, updated_at)
      SELECT ${projectId}, name, sha, now() FROM unnest(${names}::text[], ${shas}::text[]) AS new (name, sha)
      ON CONFLICT (project_id, name) DO UPDATE SET sha = excluded.sha, updated_at = excluded.updated_at`;
  }
  if (gone.length > 0) {
    await tx.gitRef.deleteMany({ where: { projectId, name: { in: gone } } });
  }
}

const usualDefaults = ['main', 'master', 'trunk'];

/**
 * The first push to an empty repository may bring other branches than the one HEAD names; then one of those becomes
 * the default branch, else a clone would check out nothing.
 */
async function adoptDefaultBranch(
  tx: Prisma.TransactionClient,
  git: Pick<GitStore, 'setHead'>,
  project: PushedProject,
  updates: readonly RefUpdate[],
): Promise<void> {
  const pushed = updates
    .filter((update) => update.newSha !== zeroSha)
    .map((update) => branchOfRef(update.ref))
    .filter((branch) => branch !== null);
  const first = usualDefaults.find((name) => pushed.includes(name)) ?? pushed[0];
  if (first === undefined || pushed.includes(project.defaultBranch)) return;
  const others = await tx.gitRef.count({
    where: {
      projectId: project.id,
      name: { ...beginsWith('refs/heads/'), notIn: pushed.map((name) => `refs/heads/${name}`) },
    },
  });
  const had = updates.some((update) => update.oldSha !== zeroSha);
  if (others > 0 || had) return;
  await tx.project.update({
    where: { id: project.id },
    data: { defaultBranch: first, updatedAt: new Date() },
  });
  await git.setHead(project.repoPath ?? '', first);
}

function describe(updates: readonly RefUpdate[]): string {
  const [first] = updates;
  const name = (first?.ref ?? '').replace(/^refs\/(heads|tags)\//u, '');
  return updates.length === 1 ? name : `${name} and ${String(updates.length - 1)} more`;
}

/** What the credential that moves refs can do now; what is unknown can nothing. Asked when secrets are given and runs deploy. */
async function couldThen(
  tx: Prisma.TransactionClient,
  caller: Caller | null,
  projectId: string,
): Promise<{ withSecrets: boolean; withDeploy: boolean }> {
  if (caller === null) return { withSecrets: false, withDeploy: false };
  // Epoch 0 makes the permissions be read as they are now: a pack can take minutes to arrive.
  const principal = { ...caller.principal, accessEpoch: 0n };
  const held = await effectivePermissions(tx, principal, projectId);
  return {
    withSecrets: held.has('secret:read'),
    withDeploy: deployPermissions.some((permission) => held.has(permission)),
  };
}

/**
 * Records refs that moved, in the caller's transaction: the push, the refs and the event, whoever moved them and by
 * whatever way. The audit row is the caller's, who knows what it was.
 * @param by the caller is null when nobody knows who made the move; without a change id it gets a new one; `isMerge` when
 * the rules of the branches were obeyed as those for merges; `isSkipped` when its options ask for no run
 */
export async function recordMoves(
  tx: Prisma.TransactionClient,
  git: Pick<GitStore, 'setHead'>,
  by: { caller: Caller | null; changeId?: string; isMerge?: boolean; isSkipped?: boolean },
  project: PushedProject,
  updates: readonly RefUpdate[],
): Promise<RecordedPush> {
  const { caller } = by;
  const pushId = newId('push');
  const changeId = by.changeId ?? newId('change');
  const pusherId = caller?.principal.userId ?? null;
  const pusherName = caller?.principal.userName ?? 'slipway';
  const plain = updates.map(({ ref, oldSha, newSha }) => ({ ref, oldSha, newSha }));
  await adoptDefaultBranch(tx, git, project, plain);
  await storeRefs(tx, project.id, plain);
  const could = await couldThen(tx, caller, project.id);
  await tx.push.create({
    data: { id: pushId, projectId: project.id, changeId, pusherId, ...could, updates: plain },
  });
  await vouchHeads(tx, project.id, { caller, isMerge: by.isMerge ?? false }, plain);
  const payload: GitPushedPayload = {
    ...{ pushId, pusherId, pusherName, updates: plain },
    ...(by.isSkipped === true ? { isSkipped: true } : {}),
  };
  await publishEvent(tx, {
    type: 'git.pushed',
    projectId: project.id,
    changeId,
    actorId: pusherId,
    actorLimits: caller === null ? null : limitsOf(caller.principal),
    subjectId: pushId,
    message: `${pusherName} pushed ${describe(plain)}`,
    payload: { ...payload },
    traceparent: caller?.request.traceparent ?? null,
  });
  return { pushId, changeId };
}

/**
 * Records a push with its audit row, and a new change id unless it has one.
 * @param caller null when repository care found the move and nobody knows who made it
 * @param how as `recordMoves` has it
 */
export async function recordPush(
  tx: Prisma.TransactionClient,
  git: Pick<GitStore, 'setHead'>,
  caller: Caller | null,
  project: PushedProject,
  updates: readonly RefUpdate[],
  { changeId, ...how }: { changeId?: string | null; isMerge?: boolean; isSkipped?: boolean } = {},
): Promise<RecordedPush> {
  const by = { caller, ...how, ...(changeId == null ? {} : { changeId }) };
  const recorded = await recordMoves(tx, git, by, project, updates);
  if (caller !== null) {
    const refs = updates.slice(0, 50).map(({ ref, oldSha, newSha }) => ({ ref, oldSha, newSha }));
    await writeAudit(tx, caller, {
      action: 'git.pushed',
      resource: 'project',
      resourceId: project.id,
      projectId: project.id,
      detail: { changeId: recorded.changeId, refs, count: updates.length },
    });
  }
  return recorded;
}
