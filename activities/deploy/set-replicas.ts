import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { groupOf } from '../../domain/deploy/render/cluster-kinds.ts';

type Json = Record<string, unknown>;

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

/** Sets how many pods of a workload run; nothing for what is not counted. Changes it in place. */
export function setReplicas(manifest: Manifest, replicas: number): void {
  const spec = manifest['spec'] as Json | undefined;
  if (spec !== undefined && counted.has(kindOf(manifest))) spec['replicas'] = replicas;
}

/**
 * Keeps all of a workload from running, and from beginning: no replica, no node to run on, suspended. A Job that has ended
 * stays as it ended. Changes it in place; applied without this it runs again.
 */
export function stopWorkload(manifest: Manifest): void {
  setReplicas(manifest, 0);
  const spec = manifest['spec'] as Json | undefined;
  if (spec === undefined) return;
  const kind = kindOf(manifest);
  if (kind === 'batch/CronJob' || kind === 'batch/Job') spec['suspend'] = true;
  if (kind !== 'apps/DaemonSet') return;
  const pod = (spec['template'] as { spec?: Json } | undefined)?.spec;
  if (pod !== undefined) pod['nodeSelector'] = { ...(pod['nodeSelector'] as Json), ...nowhere };
}
