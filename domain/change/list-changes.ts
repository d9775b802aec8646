import type { Caller } from '../../contracts/identity/principal.ts';
import { can } from '../identity/check-access.ts';
import type { Db } from '../shared/db.ts';
import { type StateLine, stateOfChange } from './change-state.ts';
import { type ChangeRows, loadChanges, rowsOf } from './load-changes.ts';

/** A change as lists show it. */
export interface ChangeSummary extends StateLine {
  changeId: string;
  title: string | null;
  branch: string | null;
  commitSha: string | null;
  actor: { id: string; name: string } | null;
  /** when something of it last began */
  at: string;
  pipelines: { id: string; number: number; status: string }[];
  mergeRequest: { number: number; title: string; status: string } | null;
  environments: { environment: string; status: string }[];
}

/** The project's changes, newest first: their ids sort by the time they were made at. */
export async function listChanges(
  db: Db,
  caller: Caller,
  projectId: string,
  page: { limit: number; after: string | null },
): Promise<{ items: ChangeSummary[]; next: string | null }> {
  const before = page.after ?? '~';
  const found = await db.$queryRaw<{ changeId: string; at: Date }[]>`
    SELECT change_id AS "changeId", max(at) AS at FROM (
      SELECT change_id, created_at AS at FROM pushes WHERE project_id = ${projectId}
      UNION ALL SELECT change_id, created_at FROM pipelines WHERE project_id = ${projectId}
      UNION ALL SELECT change_id, created_at FROM merge_requests WHERE project_id = ${projectId}
    ) happened
    WHERE change_id < ${before} GROUP BY change_id ORDER BY change_id DESC LIMIT ${page.limit + 1}`;
  const kept = found.slice(0, page.limit);
  const mayDeploy = await can(db, caller.principal, 'deploy:read', projectId);
  const rows = await loadChanges(db, {
    changeIds: kept.map((one) => one.changeId),
    projectIds: [projectId],
    deployProjectIds: mayDeploy ? [projectId] : [],
  });
  const actors = await findActors(db, rows);
  const items = kept.map(({ changeId, at }) =>
    summarize(rowsOf(rows, changeId), changeId, at, actors),
  );
  return { items, next: found.length > page.limit ? (kept.at(-1)?.changeId ?? null) : null };
}

interface Actor {
  id: string;
  name: string;
}

async function findActors(db: Db, { pushes, pipelines }: ChangeRows): Promise<Actor[]> {
  const ids = [
    ...pushes.flatMap((push) => push.pusherId ?? []),
    ...pipelines.flatMap((run) => run.triggeredBy ?? []),
  ];
  return await db.user.findMany({
    where: { id: { in: ids } },
    select: { id: true, name: true },
  });
}

function summarize(
  rows: ChangeRows,
  changeId: string,
  at: Date,
  actors: readonly Actor[],
): ChangeSummary {
  const [run] = rows.pipelines;
  const request = rows.mergeRequests.at(-1);
  const [update] = (rows.pushes[0]?.updates ?? []) as { ref: string; newSha: string }[];
  const actorId = rows.pushes[0]?.pusherId ?? run?.triggeredBy ?? null;
  return {
    changeId,
    title: run?.commitTitle ?? request?.title ?? null,
    branch: (run?.gitRef ?? update?.ref)?.replace(/^refs\/(heads|tags)\//, '') ?? null,
    commitSha: run?.commitSha ?? update?.newSha ?? null,
    actor: actors.find((one) => one.id === actorId) ?? null,
    at: at.toISOString(),
    ...stateOfChange(rows),
    pipelines: rows.pipelines.map(({ id, number, status }) => ({ id, number, status })),
    mergeRequest: request
      ? { number: request.number, title: request.title, status: request.status }
      : null,
    environments: rows.syncs.map((sync) => ({
      environment: sync.deployment.environment,
      status: sync.status,
    })),
  };
}
