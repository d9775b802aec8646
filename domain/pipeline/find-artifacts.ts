import { DomainError } from '../../contracts/problems.ts';
import type { Artifact, Prisma } from '../../prisma/generated/client.ts';
import type { Db } from '../shared/db.ts';

export interface ArtifactPage {
  items: Artifact[];
  /** id of the last artifact when there are more */
  next: string | null;
}

export interface ArtifactFilter {
  projectId?: string;
  pipelineId?: string;
  name?: string | undefined;
  limit: number;
  after: string | null;
}

/** What has not expired: a row may outlive its time until the next sweep, but nobody sees it. */
export function alive(): Prisma.ArtifactWhereInput {
  return { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
}

/** Artifacts of a project or a run, newest first: ids sort by time. */
export async function listArtifacts(db: Db, filter: ArtifactFilter): Promise<ArtifactPage> {
  const { projectId, pipelineId, name, limit, after } = filter;
  const rows = await db.artifact.findMany({
    where: {
      ...alive(),
      ...(projectId === undefined ? {} : { pipeline: { projectId } }),
      ...(pipelineId === undefined ? {} : { pipelineId }),
      ...(name === undefined ? {} : { name }),
      ...(after === null ? {} : { id: { lt: after } }),
    },
    orderBy: { id: 'desc' },
    take: limit + 1,
  });
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** All files that one step stored under one name. */
export interface ArtifactSetSize {
  step: string;
  name: string;
  files: number;
  sizeBytes: number;
  /** of the first that goes; null: none of them does */
  expiresAt: Date | null;
}

/** What a run stored, counted by step and name, in the order of their names. */
export async function artifactSetsOf(db: Db, pipelineId: string): Promise<ArtifactSetSize[]> {
  const sets = await db.artifact.groupBy({
    by: ['stepName', 'name'],
    where: { pipelineId, ...alive() },
    _count: true,
    _sum: { sizeBytes: true },
    _min: { expiresAt: true },
    orderBy: [{ stepName: 'asc' }, { name: 'asc' }],
  });
  return sets.map(({ stepName, name, _count, _sum, _min }) => ({
    ...{ step: stepName, name, files: _count },
    sizeBytes: Number(_sum.sizeBytes ?? 0n),
    expiresAt: _min.expiresAt,
  }));
}

/** One artifact with its project. @throws DomainError `not_found`, also when it has expired */
export async function findArtifact(db: Db, id: string): Promise<Artifact & { projectId: string }> {
  const row = await db.artifact.findFirst({
    where: { id, ...alive() },
    include: { pipeline: { select: { projectId: true } } },
  });
  if (row === null)
    throw new DomainError('not_found', 'There is no such artifact, or it has expired.');
  const { pipeline, ...artifact } = row;
  return { ...artifact, projectId: pipeline.projectId };
}
