import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson } from './json-fields.ts';
import type { Container, PodSpec, PodTemplate } from './pod-schema.ts';

/** The object that a replica belongs to. Whatever is resolved for it is resolved by its deployment. */
export interface PodOwner {
  deploymentId: string;
  projectId: string;
  /** as the application is told; no key of ours */
  namespace: string;
  name: string;
}

/** What one replica is to be. */
export interface PodPlan {
  /** unique in the target; letters, digits and dashes */
  id: string;
  /** as people see it: `web-1a2b3c4d-xyz` */
  name: string;
  owner: PodOwner;
  labels: Readonly<Record<string, string>>;
  /** of the template */
  hash: string;
  spec: PodSpec;
  container: Container;
  restart: 'Always' | 'OnFailure' | 'Never';
  /** folders that outlive the pod, see StatefulSet, and how much they may hold */
  claims: readonly { name: string; dir: string; bytes: number }[];
}

/** Tells templates apart: 8 hex digits. */
export function templateHash(template: unknown): string {
  return createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, 8);
}

/** A new replica of a template. */
export function planPod(
  owner: PodOwner,
  template: PodTemplate,
  more: Pick<PodPlan, 'hash' | 'restart' | 'claims'> & { name?: string },
): PodPlan {
  const suffix = randomBytes(8).toString('hex');
  const [container] = template.spec.containers;
  if (container === undefined) throw new Error('a pod needs a container');
  return {
    id: `${more.hash}-${suffix}`,
    name: more.name ?? `${owner.name}-${more.hash}-${suffix.slice(0, 6)}`,
    owner,
    labels: template.metadata.labels,
    hash: more.hash,
    spec: template.spec,
    container,
    restart: more.restart,
    claims: more.claims,
  };
}
