import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { OpsRepo, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import type { Db } from '../shared/db.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { hostedProject } from './manifest-source.ts';

export interface OpsRepoSettings {
  name: string;
  repoUrl: string;
  branch: string;
  path: string;
  syncIntervalS: number;
}

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

/** @throws DomainError `already_exists` for a name that is taken, `validation_failed` for an address that is not followed */
export async function createOpsRepo(
  db: PrismaClient,
  caller: Caller,
  input: OpsRepoSettings,
): Promise<OpsRepo> {
  requireHosted(input.repoUrl);
  return await inTransaction(db, async (tx) => {
    await requireFreeName(tx, input.name, null);
    const made = await tx.opsRepo.create({ data: { id: newId('opsRepo'), ...input } });
    await tell(tx, caller, made, 'created');
    return made;
  });
}

export async function updateOpsRepo(
  db: PrismaClient,
  caller: Caller,
  id: string,
  changes: { [Key in keyof OpsRepoSettings]?: OpsRepoSettings[Key] | undefined },
): Promise<OpsRepo> {
  if (changes.repoUrl !== undefined) requireHosted(changes.repoUrl);
  return await inTransaction(db, async (tx) => {
    await getOpsRepo(tx, id);
    if (changes.name !== undefined) await requireFreeName(tx, changes.name, id);
    const data = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    );
    const changed = await tx.opsRepo.update({ where: { id }, data });
    await tell(tx, caller, changed, 'updated');
    return changed;
  });
}

/** @throws DomainError `conflict` while deployments follow it */
export async function deleteOpsRepo(db: PrismaClient, caller: Caller, id: string): Promise<void> {
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
}

function requireHosted(repoUrl: string): void {
  if (hostedProject(repoUrl) !== null) return;
  throw new DomainError('validation_failed', 'The repository is not one of this platform.', {
    errors: [{ pointer: '/repoUrl', detail: 'expected /<owner>/<project>.git' }],
  });
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
  await publishEvent(tx, {
    type: `ops_repo.${what}`,
    actorId: caller.principal.userId,
    subjectId: repo.id,
    message: `ops repository ${repo.name} was ${what}`,
    payload: { name: repo.name, repoUrl: repo.repoUrl, branch: repo.branch, path: repo.path },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: `ops_repo.${what}`,
    resource: 'ops_repo',
    resourceId: repo.id,
    detail: { name: repo.name, repoUrl: repo.repoUrl, branch: repo.branch, path: repo.path },
  });
}
