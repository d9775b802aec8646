import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { groupOf } from '../../domain/deploy/render/cluster-kinds.ts';

type Json = Record<string, unknown>;
/** Any of it may be empty in a manifest, which is null then. */
type Workload = { template?: { spec?: { containers?: unknown } | null } | null };

/** Kinds whose `spec.replicas` says how many pods run, by group. */
const counted = new Set([
  'apps/Deployment',
  'apps/StatefulSet',
  'apps/ReplicaSet',
  '/ReplicationController',
]);
/** No node carries this label: a DaemonSet has no number that could be 0. */
const nowhere = { 'slipway.dev/stopped': 'true' };

const kindOf = ({ apiVersion, kind }: Manifest): string => `${groupOf(apiVersion)}/${kind}`;

/**
 * The workloads that a desired number of replicas is for: those that run the deployment's own image; where none does, as with
 * images that the manifests name themselves, every Deployment. What stands beside the application, as its database, keeps
 * the number of its manifest.
 * @param imageRef as it stands in the manifests
 */
export function scaledWorkloads(manifests: readonly Manifest[], imageRef: string): Manifest[] {
  const all = manifests.filter((one) => counted.has(kindOf(one)));
  const own = all.filter((one) => imagesOf(one).includes(imageRef));
  return own.length > 0 ? own : all.filter(({ kind }) => kind === 'Deployment');
}

function imagesOf(manifest: Manifest): unknown[] {
  const spec = manifest['spec'] as Workload | null | undefined;
  const containers = spec?.template?.spec?.containers;
  return Array.isArray(containers) ? containers.map((one: Json | null) => one?.['image']) : [];
}

/** Sets how many pods of a workload run; nothing for what is not counted. Changes it in place. */
export function setReplicas(manifest: Manifest, replicas: number): void {
  const spec = manifest['spec'] as Json | null | undefined;
  if (spec != null && counted.has(kindOf(manifest))) spec['replicas'] = replicas;
}

/**
 * Keeps all of a workload from running, and from beginning: no replica, no node to run on, suspended. A Job that has ended
 * stays as it ended. Changes it in place; applied without this it runs again.
 */
export function stopWorkload(manifest: Manifest): void {
  setReplicas(manifest, 0);
  const spec = manifest['spec'] as Json | null | undefined;
  if (spec == null) return;
  const kind = kindOf(manifest);
  if (kind === 'batch/CronJob' || kind === 'batch/Job') spec['suspend'] = true;
  if (kind !== 'apps/DaemonSet') return;
  const pod = (spec['template'] as { spec?: Json | null } | null | undefined)?.spec;
  if (pod != null) pod['nodeSelector'] = { ...(pod['nodeSelector'] as Json), ...nowhere };
}
