import { readFile, readReadme } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import {
  fileBody,
  filePathQuery,
  jsonResponse,
  projectParams,
  readAccess,
  refQuery,
  toFileBody,
} from './browse-schemas.ts';

export const getFileRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/files',
  tag: 'git',
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
  summary: 'The README at a ref, as its source',
  access: readAccess,
  request: { params: projectParams, query: refQuery },
  responses: jsonResponse('The README', fileBody),
  handler: async (c) => {
    const { ref } = c.req.valid('query');
    const view = await readReadme(c.get('services').gitStore, c.get('project'), ref);
    return c.json(toFileBody(view), 200);
  },
});
