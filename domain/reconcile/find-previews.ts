import type { PipelinePlan } from '../../contracts/pipeline/types.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import { previewOf } from '../deploy/want-preview.ts';
import { mergeRequestOfRun } from '../pipeline/run-key.ts';
import type { Db } from '../shared/db.ts';
import type { StoredPreview } from './compare-preview.ts';

/** All but those that are gone, as they should be. */
const isCompared: Prisma.PreviewWhereInput = {
  OR: [
    { status: { not: 'gone' } },
    { mergeRequest: { deployment: { isNot: null } } },
    { endReason: { in: ['closed', 'merged'] }, mergeRequest: { status: 'open' } },
  ],
};

const more = {
  mergeRequest: {
    select: { status: true, updatedAt: true, deployment: { select: { id: true } } },
  },
} satisfies Prisma.PreviewInclude;

/** Previews after the one named, by merge request; of those that are gone only what should not be. */
export async function findPreviews(
  db: Db,
  after: string | null,
  limit: number,
): Promise<StoredPreview[]> {
  const rows = await db.preview.findMany({
    where: { AND: [isCompared, after === null ? {} : { mergeRequestId: { gt: after } }] },
    orderBy: { mergeRequestId: 'asc' },
    take: limit,
    include: more,
  });
  return rows.map(toStored);
}

/** One of them; null for one that is gone for good, and one that nobody asks for. */
export async function findPreviewOf(db: Db, mergeRequestId: string): Promise<StoredPreview | null> {
  const row = await db.preview.findFirst({
    where: { AND: [isCompared, { mergeRequestId }] },
    include: more,
  });
  if (row !== null) return toStored(row);
  return (await findWanted(db, 1, mergeRequestId))[0] ?? null;
}

function toStored(row: Prisma.PreviewGetPayload<{ include: typeof more }>): StoredPreview {
  const { mergeRequestId, projectId, mergeRequest, stopReason, expiresAt } = row;
  const isExpired = expiresAt.getTime() <= Date.now();
  const times = [row.updatedAt, mergeRequest.updatedAt, ...(isExpired ? [expiresAt] : [])];
  return {
    mergeRequestId,
    projectId,
    status: row.status as StoredPreview['status'],
    isOver: mergeRequest.status !== 'open' || stopReason !== null || isExpired,
    hasDeployment: mergeRequest.deployment !== null,
    changedAt: new Date(Math.max(...times.map((time) => time.getTime()))),
  };
}

/** Open merge requests whose green head asks for a preview and that have none. */
export async function findWanted(
  db: Db,
  limit: number,
  only: string | null = null,
): Promise<StoredPreview[]> {
  const rows = await db.$queryRaw<
    {
      id: string;
      projectId: string;
      dedupeKey: string | null;
      definition: PipelinePlan;
      changedAt: Date;
    }[]
  >`
    SELECT m.id, m.project_id AS "projectId", p.dedupe_key AS "dedupeKey", p.definition,
           greatest(m.updated_at, p.finished_at) AS "changedAt"
    FROM merge_requests m
    JOIN pipelines p ON p.project_id = m.project_id AND p.commit_sha = m.head_sha
    WHERE m.status = 'open' AND p.trigger = 'mr' AND p.status = 'success'
      AND p.definition -> 'deploy' @> '[{"environment": "preview", "skipReason": null}]'
      AND NOT EXISTS (SELECT FROM previews v WHERE v.merge_request_id = m.id)
      AND (${only}::text IS NULL OR m.id = ${only})
    ORDER BY p.number DESC
    LIMIT ${limit}`;
  const wanted = rows.filter(
    ({ id, dedupeKey, definition }) =>
      mergeRequestOfRun({ trigger: 'mr', dedupeKey })?.id === id && previewOf(definition) !== null,
  );
  const byRequest = new Map(wanted.reverse().map((row) => [row.id, row]));
  return [...byRequest.values()].map(({ id, projectId, changedAt }) => ({
    mergeRequestId: id,
    projectId,
    status: null,
    isOver: false,
    hasDeployment: false,
    changedAt,
  }));
}

/** Those of the merge requests that have no preview, or are gone themselves. */
export async function findWithoutPreview(
  db: Db,
  mergeRequestIds: readonly string[],
): Promise<string[]> {
  const rows = await db.preview.findMany({
    where: { mergeRequestId: { in: [...mergeRequestIds] } },
    select: { mergeRequestId: true },
  });
  const known = new Set(rows.map(({ mergeRequestId }) => mergeRequestId));
  return mergeRequestIds.filter((id) => !known.has(id));
}
