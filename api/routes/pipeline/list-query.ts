import { z } from '@hono/zod-openapi';
import { pipelineStatuses, pipelineTriggers } from '../../../contracts/pipeline/types.ts';
import type { Principal } from '../../../contracts/identity/principal.ts';
import { DomainError } from '../../../contracts/problems.ts';
import type {
  ListedPipeline,
  ListPipelinesOptions,
} from '../../../domain/pipeline/list-pipelines.ts';
import type { Db } from '../../../domain/shared/db.ts';
import { pipelineBody, toPipelineBody } from './pipeline-body.ts';
import { visibleRunDeployments } from './visible-run-deployments.ts';

/** Filters and page of every list of runs. `cursor` is opaque: the `nextCursor` of the page before. */
export const listPipelinesQuery = z.strictObject({
  status: z.enum(pipelineStatuses).optional(),
  trigger: z.enum(pipelineTriggers).optional(),
  ref: z.string().max(256).optional(),
  changeId: z.string().max(64).optional(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40}$/, 'a whole commit id')
    .optional(),
  q: z.string().max(200).optional().openapi({
    description:
      'Words, each a part of the project, the branch or the title of the commit, the start of its id, or `#12`',
  }),
  finished: z.enum(['true', 'false']).optional(),
  newest: z
    .enum(['branch', 'project'])
    .optional()
    .openapi({
      description:
        'Only the newest run of each project, or the newest that passed or failed of each branch that there is; ' +
        '`status` picks from these. Not with other filters.',
    }),
  limit: z.coerce.number().int().min(1).max(100).default(30),
  cursor: z
    .string()
    .regex(/^run_[0-9a-z]{26}$/, 'a cursor of this list')
    .optional(),
});

/** What the use-case is asked for. @throws DomainError `validation_failed` for filters that do not go together */
export function readListQuery({
  ref,
  cursor,
  finished,
  ...query
}: z.output<typeof listPipelinesQuery>): Omit<ListPipelinesOptions, 'projects'> {
  const { newest, trigger, changeId, commit, q } = query;
  const others = { ref, trigger, changeId, commit, q, finished };
  const [refused] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (newest !== undefined && refused !== undefined) {
    throw new DomainError('validation_failed', 'See errors for what was wrong and where.', {
      errors: [
        {
          pointer: `#/query/${refused}`,
          detail: 'Does not go together with newest',
          rule: 'newest',
        },
      ],
    });
  }
  return {
    ...query,
    gitRef: ref,
    after: cursor ?? null,
    ...(finished === undefined ? {} : { finished: finished === 'true' }),
  };
}

export const pipelinePage = z.object({
  items: z.array(pipelineBody),
  nextCursor: z.string().nullable(),
});

/** A page of runs as the principal may see it, with what became of their deployments. */
export async function toPipelinePage(
  db: Db,
  principal: Principal,
  { items, next }: { items: ListedPipeline[]; next: string | null },
): Promise<z.output<typeof pipelinePage>> {
  const deployments = await visibleRunDeployments(db, principal, items);
  return {
    items: items.map((run) => toPipelineBody(run, deployments.get(run.id))),
    nextCursor: next,
  };
}
