import { z } from '@hono/zod-openapi';
import { pipelineStatuses, pipelineTriggers } from '../../../contracts/pipeline/types.ts';
import { pipelineBody } from './pipeline-body.ts';

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
  limit: z.coerce.number().int().min(1).max(100).default(30),
  cursor: z
    .string()
    .regex(/^run_[0-9a-z]{26}$/, 'a cursor of this list')
    .optional(),
});

export const pipelinePage = z.object({
  items: z.array(pipelineBody),
  nextCursor: z.string().nullable(),
});
