import type { GitStore } from '../../contracts/git/store.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { MergeStyle } from '../../contracts/review/types.ts';
import type { Prisma, PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { publishEvent } from '../event/publish-event.ts';
import { maySpeak } from '../git/vouch-heads.ts';
import { requirePermission } from '../identity/check-access.ts';
import { requireDirectGrant } from '../identity/require-direct-grant.ts';
import { inTransaction } from '../shared/tx.ts';
import { checkProjectNames } from './create-project.ts';
import type { ProjectWithOwner } from './find-project.ts';
import {
  projectVersion,
  toProjectRecord,
  type ProjectRecord,
  type ProjectVisibility,
} from './project-record.ts';

export interface UpdateProjectInput {
  displayName?: string | null | undefined;
  description?: string | null | undefined;
  visibility?: ProjectVisibility | undefined;
  defaultBranch?: string | undefined;
  gitUrl?: string | null | undefined;
  localPath?: string | null | undefined;
  baseBranch?: string | undefined;
  ciProvider?: string | null | undefined;
  projectClassification?: string | null | undefined;
  isActive?: boolean | undefined;
  /** how merge requests may be merged */
  mergeStyles?: MergeStyle[] | undefined;
  defaultMergeStyle?: MergeStyle | undefined;
}

/** Keys of the input that say something, so that an absent one is never written. */
function given(input: UpdateProjectInput): UpdateProjectInput {
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

function checkStyles(styles: { mergeStyles: string[]; defaultMergeStyle: string }): void {
  if (styles.mergeStyles.includes(styles.defaultMergeStyle)) return;
  const detail = 'The default way to merge is none of the allowed ones.';
  const errors = [{ pointer: '#/defaultMergeStyle', detail, rule: 'oneof' }];
  throw new DomainError('validation_failed', detail, { errors });
}

async function requireBranch(
  git: Pick<GitStore, 'resolveCommit'>,
  project: ProjectWithOwner,
  branch: string,
): Promise<void> {
  const path = project.repoPath ?? '';
  if ((await git.resolveCommit(path, `refs/heads/${branch}`)) !== null) return;
  throw new DomainError('unprocessable', 'There is no branch of this name to be the default one.');
}

/** The default branch says what lasting environments run: whoever may not push to it, or not deploy, must not choose it. */
async function requireMayName(db: PrismaClient, caller: Caller, projectId: string): Promise<void> {
  await requirePermission(db, caller, 'project:delegate', projectId);
  if (await maySpeak(db, caller, projectId)) return;
  throw new DomainError(
    'forbidden',
    'The default branch deploys: another one is named by whoever has deploy:write or deploy:promote by a role, with this credential.',
  );
}

async function recordUpdate(
  tx: Prisma.TransactionClient,
  caller: Caller,
  project: ProjectWithOwner,
  changed: string[],
): Promise<void> {
  await publishEvent(tx, {
    type: 'project.updated',
    projectId: project.id,
    actorId: caller.principal.userId,
    subjectId: project.id,
    message: `${caller.principal.userName} changed ${project.owner.name}/${project.name}`,
    payload: { changed },
    traceparent: caller.request.traceparent,
  });
  await writeAudit(tx, caller, {
    action: 'project.updated',
    resource: 'project',
    resourceId: project.id,
    projectId: project.id,
    detail: { changed, visibility: project.visibility, defaultBranch: project.defaultBranch },
  });
}

/**
 * Changes what may be changed. Who may see the project, which branch is the default one, and how it is merged, is decided
 * by whoever may delegate on it; which branch is the default one, by those of them who may deploy.
 * @param expectedVersion of If-Match, null when the client sent none
 * @throws DomainError `precondition_failed`, `forbidden`, `validation_failed`, `unprocessable`
 */
export async function updateProject(
  db: PrismaClient,
  git: Pick<GitStore, 'resolveCommit' | 'setHead'>,
  caller: Caller,
  project: ProjectWithOwner,
  input: UpdateProjectInput,
  expectedVersion: string | null,
): Promise<ProjectRecord> {
  const changes = given(input);
  await requirePermission(db, caller, 'project:write', project.id);
  const guarded = ['visibility', 'isActive', 'mergeStyles', 'defaultMergeStyle'] as const;
  if (guarded.some((key) => changes[key] !== undefined)) {
    await requirePermission(db, caller, 'project:delegate', project.id);
  }
  const { visibility, defaultBranch: branch } = changes;
  if (branch !== undefined && branch !== project.defaultBranch) {
    await requireMayName(db, caller, project.id);
  }
  if (visibility !== undefined && visibility !== project.visibility) {
    // Opening it lets everybody in at once.
    await requireDirectGrant(db, caller, ['project:delegate'], project.id);
  }
  checkProjectNames(changes);
  if (branch !== undefined) await requireBranch(git, project, branch);
  const updated = await inTransaction(db, async (tx) => {
    await tx.$queryRaw`SELECT id FROM projects WHERE id = ${project.id} FOR UPDATE`;
    const before = await tx.project.findUniqueOrThrow({
      where: { id: project.id },
      include: { owner: true },
    });
    if (expectedVersion !== null && expectedVersion !== projectVersion(toProjectRecord(before))) {
      throw new DomainError('precondition_failed', 'The project was changed in the meantime.');
    }
    checkStyles({ ...before, ...changes });
    const after = await tx.project.update({
      where: { id: project.id },
      // two changes within a millisecond must still differ in their version
      data: {
        ...changes,
        updatedAt: new Date(Math.max(Date.now(), before.updatedAt.getTime() + 1)),
      },
      include: { owner: true },
    });
    if (branch !== undefined) await git.setHead(project.repoPath ?? '', branch);
    await recordUpdate(tx, caller, after, Object.keys(changes));
    return after;
  });
  return toProjectRecord(updated);
}
