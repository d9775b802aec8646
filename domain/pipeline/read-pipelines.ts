import { DomainError } from '../../contracts/problems.ts';
import type {
  Artifact,
  Pipeline,
  PipelineStep,
  Prisma,
  Project,
  User,
} from '../../prisma/generated/client.ts';
import { type DescribedGate, describeGates } from '../gate/describe-gates.ts';
import type { Db } from '../shared/db.ts';
import { beginsWith, hasText } from '../shared/text-match.ts';
import { findNewestRuns } from './newest-runs.ts';

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

export interface ListPipelinesOptions {
  /** one project, or those that the caller may read */
  projectIds: readonly string[];
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

const unfinished = ['pending', 'running'];

/** A word of a filter, which may stand anywhere in what a line of the list shows. */
function matchesWord(word: string): Prisma.PipelineWhereInput {
  const text = hasText(word);
  const [owner = '', name] = word.split('/', 2);
  const number = /^#?(\d{1,9})$/u.exec(word)?.[1];
  return {
    OR: [
      { commitTitle: text },
      { gitRef: text },
      { project: { OR: [{ name: text }, { owner: { name: text } }] } },
      ...(name === undefined
        ? []
        : [{ project: { name: hasText(name), owner: { name: hasText(owner) } } }]),
      ...(/^[0-9a-f]{4,40}$/u.test(word) ? [{ commitSha: beginsWith(word) }] : []),
      ...(number === undefined ? [] : [{ number: Number(number) }]),
    ],
  };
}

function wordsOf(q: string | undefined): Prisma.PipelineWhereInput[] {
  const words = (q ?? '').toLowerCase().split(/\s+/u).filter(Boolean);
  return words.slice(0, 10).map(matchesWord);
}

function finishedOrNot(finished: boolean | undefined): Prisma.PipelineWhereInput[] {
  if (finished === undefined) return [];
  return [{ status: finished ? { notIn: unfinished } : { in: unfinished } }];
}

function whereOf(options: ListPipelinesOptions): Prisma.PipelineWhereInput {
  return {
    projectId: { in: [...options.projectIds] },
    ...(options.status === undefined ? {} : { status: options.status }),
    ...(options.gitRef === undefined ? {} : { gitRef: options.gitRef }),
    ...(options.trigger === undefined ? {} : { trigger: options.trigger }),
    ...(options.changeId === undefined ? {} : { changeId: options.changeId }),
    ...(options.commit === undefined ? {} : { commitSha: options.commit }),
    ...(options.after === null ? {} : { id: { lt: options.after } }),
    AND: [...wordsOf(options.q), ...finishedOrNot(options.finished)],
  };
}

/** Runs, newest first: ids are UUIDv7 and so sort by time. */
export async function listPipelines(
  db: Db,
  options: ListPipelinesOptions,
): Promise<{ items: PipelineInProject[]; next: string | null }> {
  const { newest } = options;
  const where: Prisma.PipelineWhereInput =
    newest === undefined
      ? whereOf(options)
      : {
          id: {
            in: await findNewestRuns(db, { ...options, of: newest, limit: options.limit + 1 }),
          },
        };
  const rows = await db.pipeline.findMany({
    where,
    include: { project: projectName },
    orderBy: { id: 'desc' },
    take: options.limit + 1,
  });
  const items = rows.slice(0, options.limit);
  return { items, next: rows.length > options.limit ? (items.at(-1)?.id ?? null) : null };
}
