import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Deployment, OpsRepo, Prisma, User } from '../../prisma/generated/client.ts';
import { isAllowed, requirePermission } from '../identity/check-access.ts';
import {
  type CredentialLimits,
  limitsOf,
  readLimits,
  unlimited,
} from '../identity/credential-limits.ts';
import { callerFor } from '../identity/system-user.ts';
import type { Db } from '../shared/db.ts';
import { hostedProject } from './ops-repo-address.ts';

/** Who had manifests read from an ops repository, and by what credential: asked again at each reading. */
export interface OpsRepoChoice {
  opsRepoSetBy: string | null;
  opsRepoSetLimits: Prisma.InputJsonObject | typeof Prisma.DbNull;
}

/**
 * What it takes to have manifests read from an ops repository: reading the project that it is; where it is fetched with a
 * credential of this platform, seeing the ops repositories at all. Null: nothing, as for one that anybody can fetch.
 */
async function neededFor(
  db: Db,
  opsRepo: Pick<OpsRepo, 'repoUrl' | 'credentialSecret'>,
  ownProjectId: string | null,
): Promise<
  | { permission: 'project:read'; projectId: string }
  | { permission: 'deploy:read'; projectId: null }
  | null
> {
  const place = hostedProject(opsRepo.repoUrl);
  if (place === null) {
    return opsRepo.credentialSecret === null
      ? null
      : { permission: 'deploy:read', projectId: null };
  }
  const project = await db.project.findFirst({
    where: { name: place.name, owner: { name: place.owner } },
  });
  // Whoever reads it finds that it is not there.
  if (project === null || project.id === ownProjectId) return null;
  return { permission: 'project:read', projectId: project.id };
}

/** A choice of an ops repository that is the caller's own, within the limits of their credential. */
export function choiceOf({ principal }: Caller): OpsRepoChoice {
  return { opsRepoSetBy: principal.userId, opsRepoSetLimits: { ...limitsOf(principal) } };
}

/**
 * Whether the caller may have an ops repository lie there: all that follow it are rendered from what lies there, and show it.
 * @throws DomainError `validation_failed`, the same for a project of this platform that is not there and one that may not be
 * read
 */
export async function requirePlace(
  db: Db,
  caller: Caller,
  place: Pick<OpsRepo, 'repoUrl' | 'credentialSecret'>,
): Promise<void> {
  const needed = await neededFor(db, place, null);
  const mayRead =
    needed === null
      ? hostedProject(place.repoUrl) === null
      : await isAllowed(db, caller.principal, needed.permission, needed.projectId);
  if (mayRead) return;
  throw new DomainError(
    'validation_failed',
    'There is no such repository, or you may not read what lies in it.',
    { errors: [{ pointer: '/repoUrl', detail: 'expected a repository that you may read' }] },
  );
}

/**
 * Whether the caller may have the project's deployments read from an ops repository: what lies there is shown to whoever
 * may see the deployment.
 * @throws DomainError `validation_failed` at `/opsRepoId`, the same for one that is not there and one that may not be read
 */
export async function requireOpsRepo(
  db: Db,
  caller: Caller,
  opsRepoId: string,
  ownProjectId: string,
): Promise<void> {
  const opsRepo = await db.opsRepo.findUnique({ where: { id: opsRepoId } });
  if (opsRepo === null) throw unknown();
  const needed = await neededFor(db, opsRepo, ownProjectId);
  if (needed === null) return;
  await requirePermission(db, caller, needed.permission, needed.projectId).catch(
    (error: unknown) => {
      throw error instanceof DomainError ? unknown() : error;
    },
  );
}

function unknown(): DomainError {
  return new DomainError(
    'validation_failed',
    'There is no such ops repository, or you may not read what lies in it.',
    {
      errors: [
        { pointer: '/opsRepoId', detail: 'expected the id of an ops repository that you may read' },
      ],
    },
  );
}

/**
 * Asked each time that manifests are read: whoever had them read from there may still read there. Until somebody who may
 * says so again nothing new is rolled out, and what serves keeps serving.
 * @throws DomainError `forbidden`
 */
export async function requireStillReadable(
  db: Db,
  opsRepo: OpsRepo,
  deployment: Pick<Deployment, 'projectId' | 'opsRepoSetBy' | 'opsRepoSetLimits'>,
): Promise<void> {
  const { projectId, opsRepoSetBy } = deployment;
  const needed = await neededFor(db, opsRepo, projectId);
  if (needed === null) return;
  // A choice of before limits were kept stands as it did: whoever made it was asked then.
  const limits = readLimits(deployment.opsRepoSetLimits, unlimited);
  const setter =
    opsRepoSetBy === null ? null : await db.user.findUnique({ where: { id: opsRepoSetBy } });
  if (setter !== null && (await holds(db, setter, limits, needed))) return;
  const who =
    setter === null ? 'whoever chose it is gone' : `${setter.name}, who chose it, does not hold`;
  const what = setter === null ? '' : ` ${needed.permission} for it`;
  throw new DomainError(
    'forbidden',
    `Nothing is read from the ops repository ${opsRepo.name}: ${who}${what}. Somebody who may read it chooses it again.`,
  );
}

async function holds(
  db: Db,
  user: User,
  limits: CredentialLimits,
  { permission, projectId }: NonNullable<Awaited<ReturnType<typeof neededFor>>>,
): Promise<boolean> {
  if (!user.isActive) return false;
  return await isAllowed(db, callerFor(user, limits).principal, permission, projectId);
}
