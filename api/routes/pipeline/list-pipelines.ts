import { listPipelines } from '../../../domain/pipeline/read-pipelines.ts';
import { readableProjectIds } from '../../../domain/project/readable-projects.ts';
import { defineRoute } from '../../define-route.ts';
import { listPipelinesQuery, pipelinePage } from './list-query.ts';
import { toPipelineBody } from './pipeline-body.ts';

export const listPipelinesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines',
  tag: 'pipelines',
  summary: 'Pipelines of all projects that you may read, newest first',
  access: { kind: 'authenticated' },
  request: { query: listPipelinesQuery },
  responses: {
    200: {
      description: 'A page of pipelines',
      content: { 'application/json': { schema: pipelinePage } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const { ref, cursor, ...query } = c.req.valid('query');
    const page = await listPipelines(db, {
      ...query,
      projectIds: await readableProjectIds(db, c.get('caller').principal),
      gitRef: ref,
      after: cursor ?? null,
    });
    return c.json({ items: page.items.map(toPipelineBody), nextCursor: page.next }, 200);
  },
});
