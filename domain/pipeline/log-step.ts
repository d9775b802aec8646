import type { Db } from '../shared/db.ts';
import { DomainError } from '../../contracts/problems.ts';

/** The step of a run by its name. @throws DomainError `not_found` */
export async function findLogStep(
  db: Db,
  pipelineId: string,
  name: string,
): Promise<{ id: string; name: string }> {
  const step = await db.pipelineStep.findUnique({
    where: { pipelineId_name: { pipelineId, name } },
    select: { id: true, name: true },
  });
  if (step === null) throw new DomainError('not_found', 'There is no such step.');
  return step;
}

/** Project that a run belongs to, for the access check. @throws DomainError `not_found` */
export async function projectOfPipeline(db: Db, pipelineId: string): Promise<string> {
  const pipeline = await db.pipeline.findUnique({
    where: { id: pipelineId },
    select: { projectId: true },
  });
  if (pipeline === null) throw new DomainError('not_found', 'There is no such pipeline.');
  return pipeline.projectId;
}
