import type { PrismaClient } from '../../prisma/generated/client.ts';
import { newId } from '../../domain/shared/new-id.ts';

export interface RunRows {
  userId: string;
  projectId: string;
  pipelineId: string;
  stepId: string;
  stepName: string;
}

/** A project with one running pipeline of one running step, as rows only. */
export async function makeRunRows(db: PrismaClient, attempt = 1): Promise<RunRows> {
  const rows = {
    userId: newId('user'),
    projectId: newId('project'),
    pipelineId: newId('pipeline'),
    stepId: newId('step'),
    stepName: 'build',
  };
  const name = rows.userId.slice(-12);
  await db.user.create({ data: { id: rows.userId, name, email: `${name}@example.org` } });
  await db.project.create({ data: { id: rows.projectId, ownerId: rows.userId, name: 'demo' } });
  await db.pipeline.create({
    data: {
      id: rows.pipelineId,
      projectId: rows.projectId,
      number: 1,
      changeId: newId('change'),
      trigger: 'push',
      gitRef: 'refs/heads/main',
      status: 'running',
    },
  });
  await db.pipelineStep.create({
    data: {
      id: rows.stepId,
      pipelineId: rows.pipelineId,
      projectId: rows.projectId,
      stepOrder: 0,
      name: rows.stepName,
      image: 'node:20',
      status: 'running',
      attempt,
    },
  });
  return rows;
}
