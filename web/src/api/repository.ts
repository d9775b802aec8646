import { call } from './client.ts';
import { type ProjectRef, projectParams } from './resources.ts';

const base = '/api/v1/projects/{owner}/{project}';

interface AtPath {
  ref?: string | undefined;
  path?: string | undefined;
  cursor?: string | undefined;
  limit?: number | undefined;
}

/** Operations of the API leave an empty path out. */
function options(project: ProjectRef, query: AtPath, signal?: AbortSignal) {
  return {
    path: projectParams(project),
    query: { ...query, path: query.path === '' ? undefined : query.path },
    signal,
  };
}

export const getTree = (project: ProjectRef, query: AtPath, signal?: AbortSignal) =>
  call('get', `${base}/tree`, options(project, query, signal));

export const getFile = (
  project: ProjectRef,
  query: { ref?: string | undefined; path: string },
  signal?: AbortSignal,
) => call('get', `${base}/files`, { path: projectParams(project), query, signal });

export const getReadme = (project: ProjectRef, query: { ref?: string | undefined; path: string }) =>
  call('get', `${base}/readme`, options(project, query));

export const listCommits = (project: ProjectRef, query: AtPath, signal?: AbortSignal) =>
  call('get', `${base}/commits`, options(project, query, signal));

export const getCommit = (project: ProjectRef, sha: string) =>
  call('get', `${base}/commits/{sha}`, { path: { ...projectParams(project), sha } });

interface RefsQuery {
  /** part of the name */
  q?: string | undefined;
  cursor?: string | undefined;
}

export const listBranches = (project: ProjectRef, query: RefsQuery, signal?: AbortSignal) =>
  call('get', `${base}/branches`, { path: projectParams(project), query, signal });

export const listTags = (project: ProjectRef, query: RefsQuery, signal?: AbortSignal) =>
  call('get', `${base}/tags`, { path: projectParams(project), query, signal });

/** The first branches with `q` in their name; `''` for all. */
export const findBranches = (project: ProjectRef, q: string, signal?: AbortSignal) =>
  call('get', `${base}/branches`, {
    path: projectParams(project),
    query: { q: q === '' ? undefined : q, limit: 50 },
    signal,
  });

/** The newest tags with `q` in their name; `''` for all. */
export const findTags = (project: ProjectRef, q: string, signal?: AbortSignal) =>
  call('get', `${base}/tags`, {
    path: projectParams(project),
    query: { q: q === '' ? undefined : q, limit: 20 },
    signal,
  });

/** Address of a file's bytes. */
export function rawUrl(project: ProjectRef, ref: string, path: string): string {
  const query = new URLSearchParams({ ref, path });
  return `/api/v1/projects/${encodeURIComponent(project.owner)}/${encodeURIComponent(project.project)}/raw?${query.toString()}`;
}
