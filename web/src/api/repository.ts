import { call } from './client.ts';
import { type ProjectRef, projectParams } from './resources.ts';
import type { Branch, Commit, Diff, GitTag, Page, RepositoryFile, Tree } from './types.ts';

const base = '/api/v1/projects/{owner}/{project}';

interface AtPath {
  ref?: string | undefined;
  path?: string | undefined;
  cursor?: string | undefined;
}

function get<T>(
  ref: ProjectRef,
  rest: string,
  query: AtPath = {},
  signal?: AbortSignal,
): Promise<T> {
  return call<T>('get', `${base}${rest}`, {
    path: projectParams(ref),
    query: { ...query, path: query.path === '' ? undefined : query.path },
    ...(signal ? { signal } : {}),
  });
}

export const getTree = (project: ProjectRef, query: AtPath, signal?: AbortSignal) =>
  get<Tree>(project, '/tree', query, signal);

export const getFile = (project: ProjectRef, query: AtPath, signal?: AbortSignal) =>
  get<RepositoryFile>(project, '/files', query, signal);

export const getReadme = (project: ProjectRef, ref?: string) =>
  get<RepositoryFile>(project, '/readme', { ref });

export const listCommits = (project: ProjectRef, query: AtPath, signal?: AbortSignal) =>
  get<Page<Commit>>(project, '/commits', query, signal);

export const getCommit = (project: ProjectRef, sha: string) =>
  call<Commit & { diff: Diff }>('get', `${base}/commits/{sha}`, {
    path: { ...projectParams(project), sha },
  });

export const listBranches = (project: ProjectRef, cursor?: string) =>
  get<Page<Branch>>(project, '/branches', { cursor });

export const listTags = (project: ProjectRef, cursor?: string) =>
  get<Page<GitTag>>(project, '/tags', { cursor });

/** Address of a file's bytes. */
export function rawUrl(project: ProjectRef, ref: string, path: string): string {
  const query = new URLSearchParams({ ref, path });
  return `/api/v1/projects/${encodeURIComponent(project.owner)}/${encodeURIComponent(project.project)}/raw?${query.toString()}`;
}
