import { DomainError } from '../../contracts/problems.ts';
import type { Caller } from '../../contracts/identity/principal.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { writeAudit } from '../audit/write-audit.ts';
import { limitsOf } from '../identity/credential-limits.ts';
import { newId } from '../shared/new-id.ts';
import { inTransaction } from '../shared/tx.ts';
import { createPipelineIn, type CreatedPipeline } from './create-pipeline.ts';
import type { RepositoryReader } from './repository-reader.ts';

/**
 * Starts a run by hand, on a branch, tag or commit (the default branch without one), under a change id of its own.
 * The caller's right to `pipeline:run` was checked by the route.
 * @throws DomainError `unprocessable` when the ref leads to no commit
 */
export async function startPipeline(
  db: PrismaClient,
  repositories: Pick<RepositoryReader, 'resolveCommit'>,
  caller: Caller,
  input: { projectId: string; ref: string | null },
): Promise<CreatedPipeline> {
  const project = await db.project.findUniqueOrThrow({ where: { id: input.projectId } });
  const wanted = input.ref ?? project.defaultBranch;
  const found =
    project.repoPath === null ? null : await repositories.resolveCommit(project.repoPath, wanted);
  if (found === null) {
    throw new DomainError(
      'unprocessable',
      `${wanted} is no branch, tag or commit of this project.`,
      {
        errors: [{ pointer: '#/ref', detail: 'expected a branch, tag or commit that exists' }],
      },
    );
  }
  return await inTransaction(db, async (tx) => {
    const created = await createPipelineIn(tx, {
      projectId: project.id,
      changeId: newId('change'),
      trigger: 'api',
      gitRef: found.ref,
      commitSha: found.sha,
      commitTitle: found.title,
      triggeredBy: caller.principal.userId,
      triggeredLimits: limitsOf(caller.principal),
      dedupeKey: null,
      traceparent: caller.request.traceparent,
    });
    await writeAudit(tx, caller, {
      action: 'pipeline.started',
      resource: 'pipeline',
      resourceId: created.id,
      projectId: project.id,
      detail: { number: created.number, ref: found.ref, commitSha: found.sha },
    });
    return created;
  });
}
