import { updateProject } from '../../../domain/project/update-project.ts';
import { defineRoute } from '../../define-route.ts';
import { publicUrl } from '../../problems/problem-body.ts';
import {
  etagOf,
  projectBody,
  projectParams,
  projectPath,
  toProjectBody,
  updateProjectBody,
  versionOfIfMatch,
} from './project-body.ts';

export const updateProjectRoute = defineRoute({
  method: 'patch',
  path: projectPath,
  tag: 'projects',
  operationId: 'updateProject',
  summary: 'Change the settings of a project; with If-Match, only if nobody else did',
  access: { kind: 'permission', permission: 'project:write', project: 'path' },
  request: {
    params: projectParams,
    body: { required: true, content: { 'application/json': { schema: updateProjectBody } } },
  },
  responses: {
    200: { description: 'The project', content: { 'application/json': { schema: projectBody } } },
  },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    const version = versionOfIfMatch(c.req.header('if-match'));
    const input = c.req.valid('json');
    const project = c.get('project');
    const record = await updateProject(db, gitStore, c.get('caller'), project, input, version);
    c.header('etag', etagOf(record));
    return c.json(toProjectBody(record, publicUrl(c)), 200);
  },
});
