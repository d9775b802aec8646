import { z } from '@hono/zod-openapi';
import { listLabels } from '../../../domain/issue/list-labels.ts';
import { defineRoute } from '../../define-route.ts';
import { jsonResponse, projectParams } from '../git/browse-schemas.ts';
import { readIssues } from './issue-body.ts';

const labelsBody = z.object({
  items: z.array(
    z.object({ label: z.string(), open: z.int(), closed: z.int() }).openapi('IssueLabel'),
  ),
});

export const listLabelsRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/labels',
  tag: 'issues',
  operationId: 'listIssueLabels',
  summary: 'Labels that issues of a project have, the most used first',
  access: readIssues,
  request: {
    params: projectParams,
    query: z.strictObject({ q: z.string().max(200).optional().describe('Part of the label') }),
  },
  responses: jsonResponse('Labels, and how many open and closed issues have each', labelsBody),
  handler: async (c) => {
    const { db } = c.get('services');
    const { q } = c.req.valid('query');
    return c.json({ items: await listLabels(db, c.get('project').id, q) }, 200);
  },
});
