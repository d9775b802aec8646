import { readReadme } from '../../../domain/git/read-readme.ts';
import { readFile } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import {
  fileBody,
  filePathQuery,
  jsonResponse,
  projectParams,
  readAccess,
  readmeQuery,
  toFileBody,
} from './browse-schemas.ts';

export const getFileRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/files',
  tag: 'git',
  operationId: 'getFile',
  summary: 'A file at a ref, with its text when it is text of at most 1 MiB',
  access: readAccess,
  request: { params: projectParams, query: filePathQuery },
  responses: jsonResponse('The file; a symlink is shown as its text', fileBody),
  handler: async (c) => {
    const { ref, path } = c.req.valid('query');
    const view = await readFile(c.get('services').gitStore, c.get('project'), { ref, path });
    return c.json(toFileBody(view), 200);
  },
});

export const getReadmeRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/readme',
  tag: 'git',
  operationId: 'getReadme',
  summary: 'The README of a folder, or of the repository: of .github, the root or docs',
  access: readAccess,
  request: { params: projectParams, query: readmeQuery },
  responses: jsonResponse('The README as its source; a symlink is followed', fileBody),
  handler: async (c) => {
    const { ref, path } = c.req.valid('query');
    const view = await readReadme(c.get('services').gitStore, c.get('project'), { ref, path });
    return c.json(toFileBody(view), 200);
  },
});
