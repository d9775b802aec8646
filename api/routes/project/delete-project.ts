import { deleteProject } from '../../../domain/project/delete-project.ts';
import { defineRoute } from '../../define-route.ts';
import { projectParams, projectPath } from './project-body.ts';

export const deleteProjectRoute = defineRoute({
  method: 'delete',
  path: projectPath,
  tag: 'projects',
  operationId: 'deleteProject',
  summary: 'Delete a project, its repository and all that belongs to it; audit rows stay',
  description:
    '409 `conflict` while environments of it are deployed; `errors` names each. Remove them first. Previews end with it.',
  access: { kind: 'permission', permission: 'project:delete', project: 'path' },
  request: { params: projectParams },
  responses: { 204: { description: 'It is gone' } },
  handler: async (c) => {
    const { db, gitStore } = c.get('services');
    await deleteProject(db, gitStore, c.get('caller'), c.get('project'));
    return c.body(null, 204);
  },
});
