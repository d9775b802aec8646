import { z } from '@hono/zod-openapi';
import { listPipelines } from '../../../domain/pipeline/list-pipelines.ts';
import { readableProjects } from '../../../domain/project/readable-projects.ts';
import { defineRoute } from '../../define-route.ts';
import { listPipelinesQuery, pipelinePage, readListQuery, toPipelinePage } from './list-query.ts';

const query = listPipelinesQuery.extend({
  projects: z
    .string()
    .regex(/^prj_[0-9a-z]{26}(,prj_[0-9a-z]{26}){0,99}$/, 'up to 100 ids of projects')
    .optional()
    .openapi({ description: 'Only of these: ids of projects, with commas between' }),
});

export const listPipelinesRoute = defineRoute({
  method: 'get',
  path: '/api/v1/pipelines',
  tag: 'pipelines',
  operationId: 'listPipelines',
  summary: 'Pipelines of all projects that you may read, newest first',
  access: { kind: 'authenticated' },
  request: { query },
  responses: {
    200: {
      description: 'A page of pipelines',
      content: { 'application/json': { schema: pipelinePage } },
    },
  },
  handler: async (c) => {
    const { db } = c.get('services');
    const { projects, ...query } = c.req.valid('query');
    const { principal } = c.get('caller');
    const scope = await readableProjects(db, principal, projects?.split(',') ?? null);
    const page = await listPipelines(db, { ...readListQuery(query), projects: scope });
    return c.json(await toPipelinePage(db, principal, page), 200);
  },
});
