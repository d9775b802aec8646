import { Prisma } from '../../prisma/generated/client.ts';
import { inScope, type ProjectScope } from '../project/project-scope.ts';
import type { Db } from '../shared/db.ts';
import { columnBeginsWith, columnHasText } from '../shared/text-match.ts';
import { findNewestRuns } from './newest-runs.ts';
import type { PipelineInProject } from './read-pipelines.ts';

export interface ListPipelinesOptions {
  /** one project, or those that the caller may read */
  projects: ProjectScope;
  status?: string | undefined;
  gitRef?: string | undefined;
  trigger?: string | undefined;
  changeId?: string | undefined;
  commit?: string | undefined;
  /** words, each of which is a part of the project, the branch or the commit's title, or the start of its id, or `#12` */
  q?: string | undefined;
  /** whether they have ended */
  finished?: boolean | undefined;
  /** only the newest one of each; the other filters but `status` are not asked then */
  newest?: 'branch' | 'project' | undefined;
  /** at most 100 */
  limit: number;
  /** id of the last run of the page before */
  after: string | null;
}

/** A run as lists show it: without its definition, which may be long. */
export type ListedPipeline = Pick<
  PipelineInProject,
  | 'id'
  | 'projectId'
  | 'number'
  | 'changeId'
  | 'trigger'
  | 'gitRef'
  | 'commitSha'
  | 'commitTitle'
  | 'status'
  | 'isPaused'
  | 'triggeredBy'
  | 'dedupeKey'
  | 'error'
  | 'startedAt'
  | 'finishedAt'
  | 'createdAt'
  | 'project'
>;

const projectName = Prisma.sql`p.name`;
const ownerName = Prisma.sql`o.name`;
const texts = [Prisma.sql`r.commit_title`, Prisma.sql`r.git_ref`, projectName, ownerName];

/** A word of a filter, which may stand anywhere in what a line of the list shows. */
function matchesWord(word: string): Prisma.Sql {
  const [owner = '', name] = word.split('/', 2);
  const number = /^#?(\d{1,9})$/u.exec(word)?.[1];
  const places = texts.map((column) => columnHasText(column, word));
  if (name !== undefined) {
    const both = [columnHasText(projectName, name), columnHasText(ownerName, owner)];
    places.push(Prisma.sql`(${Prisma.join(both, ' AND ')})`);
  }
  if (/^[0-9a-f]{4,40}$/u.test(word)) {
    places.push(columnBeginsWith(Prisma.sql`r.commit_sha`, word));
  }
  if (number !== undefined) places.push(Prisma.sql`r.number = ${Number(number)}`);
  return Prisma.sql`(${Prisma.join(places, ' OR ')})`;
}

/** Conditions over a run `r`, its project `p` and its owner `o`. */
function whereOf(options: ListPipelinesOptions): Prisma.Sql {
  const { status, gitRef, trigger, changeId, commit, after, finished, q = '' } = options;
  const conditions = [inScope(options.projects)];
  const is = (column: Prisma.Sql, value: string | undefined): void => {
    if (value !== undefined) conditions.push(Prisma.sql`${column} = ${value}`);
  };
  is(Prisma.sql`r.status`, status);
  is(Prisma.sql`r.git_ref`, gitRef);
  is(Prisma.sql`r.trigger`, trigger);
  is(Prisma.sql`r.change_id`, changeId);
  is(Prisma.sql`r.commit_sha`, commit);
  if (after !== null) conditions.push(Prisma.sql`r.id < ${after}`);
  if (finished === true) conditions.push(Prisma.sql`r.status NOT IN ('pending', 'running')`);
  if (finished === false) conditions.push(Prisma.sql`r.status IN ('pending', 'running')`);
  const words = q.toLowerCase().split(/\s+/u).filter(Boolean);
  return Prisma.join([...conditions, ...words.slice(0, 10).map(matchesWord)], ' AND ');
}

type Row = Omit<ListedPipeline, 'project'> & { projectName: string; ownerName: string };

async function readRuns(db: Db, where: Prisma.Sql, limit: number): Promise<ListedPipeline[]> {
  const rows = await db.$queryRaw<Row[]>`
    SELECT r.id, r.project_id AS "projectId", r.number, r.change_id AS "changeId", r.trigger, r.git_ref AS "gitRef",
           r.commit_sha AS "commitSha", r.commit_title AS "commitTitle", r.status, r.is_paused AS "isPaused",
           r.triggered_by AS "triggeredBy", r.dedupe_key AS "dedupeKey", r.error, r.started_at AS "startedAt",
           r.finished_at AS "finishedAt", r.created_at AS "createdAt", p.name AS "projectName", o.name AS "ownerName"
      FROM pipelines r JOIN projects p ON p.id = r.project_id JOIN users o ON o.id = p.owner_id
     WHERE ${where} ORDER BY r.id DESC LIMIT ${limit}`;
  return rows.map(({ projectName: name, ownerName, ...run }) => ({
    ...run,
    project: { id: run.projectId, name, owner: { name: ownerName } },
  }));
}

/** Runs, newest first: ids are UUIDv7 and so sort by time. One statement; two for the newest of each. */
export async function listPipelines(
  db: Db,
  options: ListPipelinesOptions,
): Promise<{ items: ListedPipeline[]; next: string | null }> {
  const { newest, limit } = options;
  const where =
    newest === undefined
      ? whereOf(options)
      : Prisma.sql`r.id = ANY(${await findNewestRuns(db, { ...options, of: newest, limit: limit + 1 })})`;
  const rows = await readRuns(db, where, limit + 1);
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
