import { createProject } from '../../../domain/project/create-project.ts';
import { defineRoute } from '../../define-route.ts';
import { publicUrl } from '../../problems/problem-body.ts';
import { createProjectBody, etagOf, projectBody, toProjectBody } from './project-body.ts';

export const createProjectRoute = defineRoute({
  method: 'post',
  path: '/api/v1/projects',
  tag: 'projects',
  operationId: 'createProject',
  summary: 'Create a project of your own, with its empty repository',
  access: { kind: 'permission', permission: 'project:write', project: 'global' },
  request: {
    body: { required: true, content: { 'application/json': { schema: createProjectBody } } },
  },
  responses: {
    201: { description: 'The project', content: { 'application/json': { schema: projectBody } } },
  },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const record = await createProject(db, gitStore, c.get('caller'), c.req.valid('json'));
    c.header('location', `/api/v1/projects/${record.fullName}`);
    c.header('etag', etagOf(record));
    return c.json(toProjectBody(record, publicUrl(c)), 201);
  },
});
