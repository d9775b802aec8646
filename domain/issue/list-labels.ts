import type { Db } from '../shared/db.ts';

/** A label and how many issues of the project have it. */
export interface LabelCount {
  label: string;
  open: number;
  closed: number;
}

const most = 500;

/** Labels that a project's issues have, the most used first; at most 500. @param q part of the label, whatever its case */
export async function listLabels(db: Db, projectId: string, q = ''): Promise<LabelCount[]> {
  return db.$queryRaw<LabelCount[]>`
    SELECT label,
           (count(*) FILTER (WHERE status = 'open'))::int AS open,
           (count(*) FILTER (WHERE status = 'closed'))::int AS closed
      FROM issues, unnest(labels) AS label
     WHERE project_id = ${projectId} AND strpos(lower(label), lower(${q}::text)) > 0
     GROUP BY label
     ORDER BY open DESC, closed DESC, label
     LIMIT ${most}`;
}
