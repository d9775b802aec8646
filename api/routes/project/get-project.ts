import { toProjectRecord } from '../../../domain/project/project-record.ts';
import { defineRoute } from '../../define-route.ts';
import { publicUrl } from '../../problems/problem-body.ts';
import { etagOf, projectBody, projectParams, projectPath, toProjectBody } from './project-body.ts';

export const getProjectRoute = defineRoute({
  method: 'get',
  path: projectPath,
  tag: 'projects',
  operationId: 'getProject',
  summary: 'A project',
  access: { kind: 'permission', permission: 'project:read', project: 'path' },
  record: { table: 'projects' },
  request: { params: projectParams },
  responses: {
    200: { description: 'The project', content: { 'application/json': { schema: projectBody } } },
    304: { description: 'Not modified' },
  },
  handler: (c) => {
    const record = toProjectRecord(c.get('project'));
    c.header('etag', etagOf(record));
    return c.json(toProjectBody(record, publicUrl(c)), 200);
  },
});
