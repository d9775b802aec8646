import { call } from './client.ts';
import { type ProjectRef, projectParams } from './resources.ts';
import type { DeploymentChange, Environment, OpsRepoChange } from './types.ts';

const one = '/api/v1/deployments/{id}';

export const listDeployments = (signal?: AbortSignal) =>
  call('get', '/api/v1/deployments', { signal });

export const listProjectDeployments = (ref: ProjectRef, signal?: AbortSignal) =>
  call('get', '/api/v1/projects/{owner}/{project}/deployments', {
    path: projectParams(ref),
    signal,
  });

export const getDeployment = (id: string, signal?: AbortSignal) =>
  call('get', one, { path: { id }, signal });

export const listSyncs = (id: string, signal?: AbortSignal) =>
  call('get', `${one}/syncs`, { path: { id }, query: { limit: 10 }, signal });

export const listRevisions = (id: string, signal?: AbortSignal) =>
  call('get', `${one}/revisions`, { path: { id }, signal });

export const getManifests = (id: string, number: number, signal?: AbortSignal) =>
  call('get', `${one}/revisions/{number}/manifests`, {
    path: { id, number: String(number) },
    signal,
  });

export const listHistory = (id: string, cursor?: string, signal?: AbortSignal) =>
  call('get', `${one}/history`, { path: { id }, query: { limit: 30, cursor }, signal });

/** A command without a body. */
export type PlainCommand = 'sync' | 'retry' | 'start' | 'stop' | 'pause' | 'resume';

export const commandDeployment = (id: string, command: PlainCommand) =>
  call('post', `${one}/${command}`, { path: { id }, body: {} });

export const rollBack = (id: string, revision: number, reason: string) =>
  call('post', `${one}/rollback`, {
    path: { id },
    body: { revision, ...(reason === '' ? {} : { reason }) },
  });

export const promote = (id: string, to: Environment) =>
  call('post', `${one}/promote`, { path: { id }, body: { to } });

export const scale = (id: string, replicas: number | null) =>
  call('post', `${one}/scale`, { path: { id }, body: { replicas } });

export const abortSync = (id: string, reason: string) =>
  call('post', `${one}/abort`, { path: { id }, body: reason === '' ? {} : { reason } });

export const updateDeployment = (id: string, body: DeploymentChange) =>
  call('patch', one, { path: { id }, body });

export const deleteDeployment = (id: string) => call('delete', one, { path: { id } });

export const listOpsRepos = (signal?: AbortSignal) => call('get', '/api/v1/ops-repos', { signal });

export const createOpsRepo = (body: OpsRepoChange) => call('post', '/api/v1/ops-repos', { body });

export const updateOpsRepo = (id: string, body: OpsRepoChange) =>
  call('patch', '/api/v1/ops-repos/{id}', { path: { id }, body });

export const getOpsRepo = (id: string) => call('get', '/api/v1/ops-repos/{id}', { path: { id } });

export const fetchOpsRepo = (id: string) =>
  call('post', '/api/v1/ops-repos/{id}/fetch', { path: { id } });

export const deleteOpsRepo = (id: string) =>
  call('delete', '/api/v1/ops-repos/{id}', { path: { id } });
