import { DomainError } from '../../contracts/problems.ts';
import type {
  Artifact,
  Pipeline,
  PipelineStep,
  Project,
  User,
} from '../../prisma/generated/client.ts';
import { type DescribedGate, describeGates } from '../gate/describe-gates.ts';
import type { Db } from '../shared/db.ts';

export type PipelineInProject = Pipeline & {
  project: Pick<Project, 'id' | 'name'> & { owner: Pick<User, 'name'> };
};
export type PipelineWithSteps = PipelineInProject & {
  steps: PipelineStep[];
  artifacts: Artifact[];
  gates: DescribedGate[];
  triggeredByName: string | null;
};

const projectName = {
  select: { id: true, name: true, owner: { select: { name: true } } },
} as const;

/** One run with its steps in order, its artifacts and gates. @throws DomainError `not_found` */
export async function getPipeline(db: Db, pipelineId: string): Promise<PipelineWithSteps> {
  const run = await db.pipeline.findUnique({
    where: { id: pipelineId },
    include: {
      project: projectName,
      steps: { orderBy: { stepOrder: 'asc' } },
      artifacts: { orderBy: [{ name: 'asc' }, { path: 'asc' }] },
    },
  });
  if (run === null) throw new DomainError('not_found', 'There is no such pipeline.');
  const [gates, user] = await Promise.all([
    db.gate.findMany({ where: { subjectType: 'pipeline', subjectId: pipelineId } }),
    run.triggeredBy === null
      ? null
      : db.user.findUnique({ where: { id: run.triggeredBy }, select: { name: true } }),
  ]);
  return { ...run, gates: await describeGates(db, gates), triggeredByName: user?.name ?? null };
}
