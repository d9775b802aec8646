import type { GitTreeEntry } from '../../../contracts/git/store.ts';
import { findRawFile, repoPathOf } from '../../../domain/git/read-repository.ts';
import { defineRoute } from '../../define-route.ts';
import { tagsOf } from '../../etag.ts';
import { bytesResponse, filePathQuery, projectParams, readAccess } from './browse-schemas.ts';
import { streamResponse } from './git-body.ts';

/** Pictures that a page may hold. All else is text or a download. */
const shownTypes: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  ico: 'image/x-icon',
  png: 'image/png',
  // in an `img` nothing of it runs or is fetched; by itself it is a download, in a sandbox all the same
  svg: 'image/svg+xml',
  webp: 'image/webp',
};

/** Endings that a browser would run or render as a document of this site. */
const activeEndings = new Set(['html', 'htm', 'xhtml', 'svg', 'xml', 'xsl', 'mhtml', 'pdf', 'swf']);

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

function rawHeaders(entry: GitTreeEntry): Record<string, string> {
  const ending = endingOf(entry.name);
  const shown = entry.kind === 'file' ? shownTypes[ending] : undefined;
  const headers: Record<string, string> = {
    'content-type': shown ?? 'text/plain; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-cache',
    etag: `"${entry.sha}"`,
  };
  if (activeEndings.has(ending)) {
    const safe = entry.name.replace(/[^\w.-]/gu, '_');
    headers['content-type'] = shown ?? 'application/octet-stream';
    headers['content-disposition'] =
      `attachment; filename="${safe}"; filename*=UTF-8''${encodeURIComponent(entry.name)}`;
  }
  return headers;
}

export const getRawRoute = defineRoute({
  method: 'get',
  path: '/api/v1/projects/{owner}/{project}/raw',
  tag: 'git',
  operationId: 'getRawFile',
  summary: 'The bytes of a file at a ref; of a symlink, the text it holds',
  access: readAccess,
  raw: true,
  request: { params: projectParams, query: filePathQuery },
  responses: { ...bytesResponse('The bytes'), 304: { description: 'Not modified' } },
  handler: async (c) => {
    const { ref, path } = c.req.valid('query');
    const { gitStore } = c.get('services');
    const project = c.get('project');
    const entry = await findRawFile(gitStore, project, { ref, path });
    const headers = rawHeaders(entry);
    if (tagsOf(c.req.header('if-none-match') ?? '').includes(`"${entry.sha}"`)) {
      return new Response(null, { status: 304, headers: { etag: `"${entry.sha}"` } });
    }
    const { signal } = c.req.raw;
    const stream = gitStore.streamBlob(repoPathOf(project), entry.sha, signal);
    return streamResponse(c, stream, {
      ...headers,
      'content-length': String(entry.size ?? 0),
    });
  },
});
