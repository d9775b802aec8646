import { branchNameProblem, looksLikeObjectId } from '../../contracts/git/ref-name.ts';
import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { Prisma, PrismaClient, User } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { requirePermission } from '../identity/check-access.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import type { ProjectWithOwner } from './find-project.ts';
import { toProjectRecord, type ProjectRecord, type ProjectVisibility } from './project-record.ts';
import { projectSlugProblem } from './project-slug.ts';

export interface CreateProjectInput {
  name: string;
  displayName?: string | null | undefined;
  description?: string | null | undefined;
  visibility?: ProjectVisibility | undefined;
  defaultBranch?: string | undefined;
  gitUrl?: string | null | undefined;
  localPath?: string | null | undefined;
  baseBranch?: string | undefined;
  ciProvider?: string | null | undefined;
  projectClassification?: string | null | undefined;
}

function namingProblem(branch: string): string | null {
  const isId = looksLikeObjectId(branch);
  return isId ? 'reads like the id of a commit' : branchNameProblem(branch);
}

/** Throws `validation_failed` with the place of each mistake. */
export function checkProjectNames(input: {
  name?: string | undefined;
  defaultBranch?: string | undefined;
  baseBranch?: string | undefined;
}): void {
  const errors = [];
  const slug = input.name === undefined ? null : projectSlugProblem(input.name);
  if (slug !== null) errors.push({ pointer: '#/name', detail: `The name ${slug}.`, rule: 'slug' });
  for (const key of ['defaultBranch', 'baseBranch'] as const) {
    const problem = input[key] === undefined ? null : namingProblem(input[key]);
    if (problem !== null) {
      errors.push({ pointer: `#/${key}`, detail: `The branch ${problem}.`, rule: 'ref' });
    }
  }
  if (errors.length > 0) {
    throw new DomainError('validation_failed', 'A name is not valid.', { errors });
  }
}

async function findOwner(tx: Prisma.TransactionClient, caller: Caller): Promise<User> {
  const owner = await tx.user.findUnique({ where: { id: caller.principal.userId } });
  if (owner?.isActive !== true) {
    throw new DomainError('forbidden', 'Only a user of this installation can own a project.');
  }
  return owner;
}

async function insertProject(
  tx: Prisma.TransactionClient,
  owner: User,
  input: CreateProjectInput,
): Promise<ProjectWithOwner> {
  const taken = await tx.project.findFirst({ where: { ownerId: owner.id, name: input.name } });
  const repoPath = `${owner.name}/${input.name}.git`;
  if (taken !== null || (await tx.project.findFirst({ where: { repoPath } })) !== null) {
    throw new DomainError('already_exists', 'You have a project of this name.');
  }
  return tx.project.create({
    data: {
      id: newId('project'),
      ownerId: owner.id,
      name: input.name,
      displayName: input.displayName ?? null,
      description: input.description ?? null,
      visibility: input.visibility ?? 'private',
      defaultBranch: input.defaultBranch ?? 'main',
      repoPath,
      gitUrl: input.gitUrl ?? null,
      localPath: input.localPath ?? null,
      baseBranch: input.baseBranch ?? 'main',
      ciProvider: input.ciProvider ?? null,
      projectClassification: input.projectClassification ?? null,
    },
    include: { owner: true },
  });
}

async function bindMaintainer(
  tx: Prisma.TransactionClient,
  project: ProjectWithOwner,
): Promise<void> {
  const role = await tx.role.findUnique({ where: { name: 'maintainer' } });
  if (role === null) throw new Error('the role maintainer is missing; run the migrations');
  await tx.userRole.create({
    data: {
      id: newId('binding'),
      userId: project.ownerId,
      roleId: role.id,
      projectId: project.id,
      grantedBy: project.ownerId,
    },
  });
}

async function recordCreation(
  tx: Prisma.TransactionClient,
  caller: Caller,
  project: ProjectWithOwner,
): Promise<void> {
  const fullName = `${project.owner.name}/${project.name}`;
  await publishEvent(tx, {
    type: 'project.created',
    projectId: project.id,
    actorId: caller.principal.userId,
    subjectId: project.id,
    message: `${caller.principal.userName} created ${fullName}`,
    payload: { name: project.name, owner: project.owner.name, visibility: project.visibility },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: 'project.created',
    resource: 'project',
    resourceId: project.id,
    projectId: project.id,
    detail: { name: fullName, visibility: project.visibility },
  });
}

/**
 * Creates a project owned by the caller, its empty bare repository, and the caller's maintainer binding; all or nothing.
 * @throws DomainError `forbidden` without project:write, `validation_failed` for a bad name, `already_exists`
 */
export async function createProject(
  db: PrismaClient,
  git: Pick<GitStore, 'create' | 'remove'>,
  caller: Caller,
  input: CreateProjectInput,
): Promise<ProjectRecord> {
  await requirePermission(db, caller, 'project:write', null);
  checkProjectNames(input);
  let madePath: string | null = null;
  try {
    const project = await inTransaction(db, async (tx) => {
      const created = await insertProject(tx, await findOwner(tx, caller), input);
      const repoPath = created.repoPath ?? '';
      await bindMaintainer(tx, created);
      // No row names this path, so a directory there is left over from a crash (or from an earlier try of this).
      await git.remove(repoPath);
      madePath = repoPath;
      await git.create(repoPath, created.defaultBranch);
      await recordCreation(tx, caller, created);
      return created;
    });
    return toProjectRecord(project);
  } catch (error) {
    // The unique row was ours until now, so nobody else can have made this directory.
    if (madePath !== null) await git.remove(madePath);
    throw error;
  }
}
