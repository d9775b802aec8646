import type { MirrorStore } from '../../contracts/git/mirror.ts';
import { branchNameProblem } from '../../contracts/git/ref-name.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { OpsRepo, Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { requirePermission } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { publishDeploymentEvent } from './deployment-event.ts';
import { inheritedOrigin } from './inherited-origin.ts';
import { type AddressRules, isForeign, readOpsRepoAddress } from './ops-repo-address.ts';
import { choiceOf, requirePlace } from './ops-repo-access.ts';
import { findCredential } from './ops-repo-credential.ts';

export interface OpsRepoSettings {
  name: string;
  /** as people write it; see readOpsRepoAddress */
  repoUrl: string;
  branch: string;
  path: string;
  syncIntervalS: number;
  /** name of a global secret; for a foreign repository only */
  credentialSecret: string | null;
}

type Changes = { [Key in keyof OpsRepoSettings]?: OpsRepoSettings[Key] | undefined };

/** What was fetched from another address or branch says nothing of this one. */
const neverFetched = {
  headSha: null,
  fetchedAt: null,
  triedAt: null,
  fetchError: null,
  fetchFailures: 0,
};

/** All ops repositories by name. */
export async function listOpsRepos(
  db: Db,
): Promise<(OpsRepo & { deployments: { id: string }[] })[]> {
  return await db.opsRepo.findMany({
    include: { deployments: { select: { id: true } } },
    orderBy: { name: 'asc' },
  });
}

/** @throws DomainError `not_found` */
export async function getOpsRepo(
  db: Db,
  id: string,
): Promise<OpsRepo & { deployments: { id: string }[] }> {
  const found = await db.opsRepo.findUnique({
    where: { id },
    include: { deployments: { select: { id: true } } },
  });
  if (found === null) throw new DomainError('not_found', 'There is no such ops repository.');
  return found;
}

/**
 * @throws DomainError `already_exists` for a name that is taken, `validation_failed` for an address or branch that is not
 * followed, `forbidden` for a credential of somebody who may not use global secrets, `secret_unavailable`
 */
export async function createOpsRepo(
  db: PrismaClient,
  caller: Caller,
  input: OpsRepoSettings,
  rules: AddressRules,
): Promise<OpsRepo> {
  requireBranch(input.branch);
  const data = { ...input, repoUrl: readOpsRepoAddress(input.repoUrl, rules) };
  await requireCredential(db, caller, data);
  return await inTransaction(db, async (tx) => {
    await requireFreeName(tx, input.name, null);
    const made = await tx.opsRepo.create({ data: { id: newId('opsRepo'), ...data } });
    await tell(tx, caller, made, 'created');
    return made;
  });
}

/**
 * Changes what is named. A foreign one is due at once; with another address or branch it starts anew. Whoever has it lie
 * elsewhere chose it, from then on, for all that follow it.
 * @throws DomainError as when it is made, `not_found`, and `validation_failed` for another place that the caller may not read
 */
export async function updateOpsRepo(
  db: PrismaClient,
  caller: Caller,
  id: string,
  changes: Changes,
  rules: AddressRules,
): Promise<OpsRepo> {
  if (changes.branch !== undefined) requireBranch(changes.branch);
  const given = definedOf(changes);
  if (given.repoUrl !== undefined) given.repoUrl = readOpsRepoAddress(given.repoUrl, rules);
  return await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM ops_repos WHERE id = ${id} FOR UPDATE`;
    const { deployments: _, ...before } = await getOpsRepo(tx, id);
    const after = { ...before, ...given };
    // A credential that is not named in the change does not follow to this platform, which needs none.
    if (!isForeign(after.repoUrl) && given.credentialSecret === undefined) {
      after.credentialSecret = null;
    }
    const isElsewhere = after.repoUrl !== before.repoUrl;
    const isOtherSecret = after.credentialSecret !== before.credentialSecret;
    const isOtherPlace =
      isElsewhere || after.branch !== before.branch || after.path !== before.path;
    if (isElsewhere || isOtherSecret) await requireCredential(tx, caller, after);
    if (isOtherPlace) await requirePlace(tx, caller, after);
    if (after.name !== before.name) await requireFreeName(tx, after.name, id);
    const changed = await tx.opsRepo.update({
      where: { id },
      data: {
        ...given,
        credentialSecret: after.credentialSecret,
        fetchAt: null,
        ...(isElsewhere || isOtherSecret ? { credentialVersion: null } : {}),
        ...(isElsewhere || after.branch !== before.branch ? neverFetched : {}),
      },
    });
    if (isOtherPlace) await desireAnew(tx, caller, id);
    await tell(tx, caller, changed, 'updated');
    return changed;
  });
}

/** Another place is a new desired state of who set it: its followers are rendered anew, by leave of that one. */
async function desireAnew(
  tx: Prisma.TransactionClient,
  caller: Caller,
  opsRepoId: string,
): Promise<void> {
  const { userId, userName } = caller.principal;
  for (const row of await tx.deployment.findMany({ where: { opsRepoId } })) {
    const { id } = row;
    const isActive = row.desiredStatus === 'active';
    const originIds = inheritedOrigin(row);
    const changed = await tx.deployment.update({
      where: { id },
      data: {
        adoptedSha: null,
        ...choiceOf(caller),
        ...(isActive ? { generation: { increment: 1 }, deployedBy: userId, originIds } : {}),
      },
    });
    if (!isActive) continue;
    await publishDeploymentEvent(tx, changed, {
      type: 'deployment.desired_changed',
      message: `${userName}: the ops repository of ${changed.environment} lies elsewhere`,
      actorId: userId,
      payload: { generation: changed.generation },
      traceparent: caller.request.traceparent,
    });
  }
}

function definedOf(changes: Changes): Partial<OpsRepoSettings> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

/**
 * Makes a foreign one due now, also while its tries are held back.
 * @throws DomainError `not_found`, `illegal_transition` for one of this platform
 */
export async function requestFetch(db: PrismaClient, caller: Caller, id: string): Promise<void> {
  await inTransaction(db, async (tx) => {
    const repo = await getOpsRepo(tx, id);
    if (!isForeign(repo.repoUrl)) {
      throw new DomainError(
        'illegal_transition',
        `${repo.name} is a repository of this platform: a push to it syncs at once, there is nothing to fetch.`,
      );
    }
    await tx.opsRepo.update({ where: { id }, data: { fetchAt: null } });
    await writeAudit(tx, caller, {
      action: 'ops_repo.fetch_requested',
      resource: 'ops_repo',
      resourceId: id,
      detail: { name: repo.name },
    });
  });
}

/**
 * Its mirror goes with it; one that is left by a process that died is swept by the workers.
 * @throws DomainError `conflict` while deployments follow it
 */
export async function deleteOpsRepo(
  { db, mirrors }: { db: PrismaClient; mirrors: Pick<MirrorStore, 'remove'> },
  caller: Caller,
  id: string,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const repo = await getOpsRepo(tx, id);
    if (repo.deployments.length > 0) {
      throw new DomainError(
        'conflict',
        `${String(repo.deployments.length)} deployments follow ${repo.name}: point them elsewhere first.`,
      );
    }
    await tx.opsRepo.delete({ where: { id } });
    await tell(tx, caller, repo, 'deleted');
  });
  await mirrors.remove(id);
}

function requireBranch(branch: string): void {
  const problem = branchNameProblem(branch);
  if (problem === null) return;
  throw new DomainError('validation_failed', `The name of the branch ${problem}.`, {
    errors: [{ pointer: '/branch', detail: `the name of a branch ${problem}` }],
  });
}

/** Whoever sends a secret to an address may use it: otherwise it could be read by sending it home. */
async function requireCredential(
  db: Db,
  caller: Caller,
  { repoUrl, credentialSecret }: Pick<OpsRepo, 'repoUrl' | 'credentialSecret'>,
): Promise<void> {
  if (credentialSecret === null) return;
  if (!isForeign(repoUrl)) {
    throw new DomainError('validation_failed', 'A repository of this platform needs no secret.', {
      errors: [
        { pointer: '/credentialSecret', detail: 'expected null for /<owner>/<project>.git' },
      ],
    });
  }
  await requirePermission(db, caller, 'secret:read', null);
  await findCredential(db, credentialSecret);
}

async function requireFreeName(db: Db, name: string, ownId: string | null): Promise<void> {
  const known = await db.opsRepo.findUnique({ where: { name } });
  if (known !== null && known.id !== ownId) {
    throw new DomainError('already_exists', `There is an ops repository ${name} already.`);
  }
}

async function tell(
  tx: Parameters<typeof publishEvent>[0],
  caller: Caller,
  repo: OpsRepo,
  what: 'created' | 'updated' | 'deleted',
): Promise<void> {
  const { name, repoUrl, branch, path, credentialSecret } = repo;
  const detail = { name, repoUrl, branch, path };
  await publishEvent(tx, {
    type: `ops_repo.${what}`,
    actorId: caller.principal.userId,
    subjectId: repo.id,
    message: `ops repository ${name} was ${what}`,
    payload: detail,
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: `ops_repo.${what}`,
    resource: 'ops_repo',
    resourceId: repo.id,
    detail: { ...detail, credentialName: credentialSecret },
  });
}
