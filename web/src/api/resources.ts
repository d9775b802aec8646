import { call } from './client.ts';
import type { Decision, RunStatus } from './types.ts';

/** Owner and name of a project, as they stand in addresses. */
export interface ProjectRef {
  owner: string;
  project: string;
}

const base = '/api/v1/projects/{owner}/{project}';

/** Path parameters of a project's operations. */
export function projectParams(ref: ProjectRef): Record<string, string> {
  return { owner: ref.owner, project: ref.project };
}

export const listProjects = (
  query: { q?: string; mine?: '1'; cursor?: string; limit?: number },
  signal?: AbortSignal,
) => call('get', '/api/v1/projects', { query, signal });

export const getProject = (ref: ProjectRef, signal?: AbortSignal) =>
  call('get', base, { path: projectParams(ref), signal });

export interface RunFilter {
  status?: RunStatus | undefined;
  ref?: string | undefined;
  commit?: string | undefined;
  q?: string | undefined;
  finished?: 'true' | 'false';
  newest?: 'branch' | 'project';
  cursor?: string | undefined;
  limit?: number;
}

/** `projects`: ids, with commas between. */
export const listRuns = (query: RunFilter & { projects?: string }, signal?: AbortSignal) =>
  call('get', '/api/v1/pipelines', {
    query: { ...query },
    signal,
  });

export const listProjectRuns = (ref: ProjectRef, query: RunFilter, signal?: AbortSignal) =>
  call('get', `${base}/pipelines`, {
    path: projectParams(ref),
    query: { ...query },
    signal,
  });

export const startRun = (ref: ProjectRef, gitRef: string) =>
  call('post', `${base}/pipelines`, { path: projectParams(ref), body: { ref: gitRef } });

export const getRun = (id: string, signal?: AbortSignal) =>
  call('get', '/api/v1/pipelines/{id}', { path: { id }, signal });

export type RunCommand = 'cancel' | 'pause' | 'resume';

export const commandRun = (id: string, command: RunCommand, reason?: string) =>
  call('post', `/api/v1/pipelines/{id}/${command}`, {
    path: { id },
    body: reason ? { reason } : {},
  });

export const rerunRun = (id: string) =>
  call('post', '/api/v1/pipelines/{id}/rerun', { path: { id } });

export const listRunArtifacts = (id: string, cursor?: string, signal?: AbortSignal) =>
  call('get', '/api/v1/pipelines/{id}/artifacts', { path: { id }, query: { cursor }, signal });

export const listArtifactSets = (id: string, signal?: AbortSignal) =>
  call('get', '/api/v1/pipelines/{id}/artifact-sets', { path: { id }, signal });

export const listGates = () =>
  call('get', '/api/v1/gates', { query: { status: 'open', waiting: 'me' } });

export const decideGate = (id: string, decision: Decision, reason: string) =>
  call('post', '/api/v1/gates/{id}/decision', {
    path: { id },
    body: { decision, ...(reason === '' ? {} : { reason }) },
  });

export const listSecrets = (ref: ProjectRef, cursor?: string) =>
  call('get', `${base}/secrets`, { path: projectParams(ref), query: { cursor } });

export const getHealth = () => call('get', '/api/v1/health');

export const listTokens = (cursor?: string) => call('get', '/api/v1/tokens', { query: { cursor } });

export const startDemo = () => call('post', '/api/v1/demo');
