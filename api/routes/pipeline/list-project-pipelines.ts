import { z } from '@hono/zod-openapi';
import { listPipelines } from '../../../domain/pipeline/list-pipelines.ts';
import { defineRoute } from '../../define-route.ts';
import { listPipelinesQuery, pipelinePage, readListQuery, toPipelinePage } from './list-query.ts';

export const listProjectPipelinesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/pipelines',
  tag: 'pipelines',
  operationId: 'listProjectPipelines',
  summary: 'Pipelines of a project, newest first',
  access: { kind: 'permission', permission: 'pipeline:read', project: 'path' },
  request: {
    params: z.object({ owner: z.string(), project: z.string() }),
    query: listPipelinesQuery,
  },
  responses: {
    200: {
      description: 'A page of pipelines',
      content: { 'application/json': { schema: pipelinePage } },
    },
  },
  handler: async (c) => {
    const { ref, ...query } = c.req.valid('query');
    const gitRef = ref === undefined || ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
    const project = c.get('project');
    const { db } = c.get('services');
    const page = await listPipelines(db, {
      ...readListQuery({ ...query, ref: gitRef }),
      projects: { ids: [project.id], onlyActive: false },
    });
    return c.json(await toPipelinePage(db, c.get('caller').principal, page), 200);
  },
});
