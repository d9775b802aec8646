import type { Manifest, ObjectRef } from './manifest.ts';

/** What one deployment may touch: its namespace, and the objects in it that carry its label. */
export interface TargetScope {
  deploymentId: string;
  projectId: string;
  environment: string;
  namespace: string;
  /** whether it may also touch kinds of the whole cluster; absent: no */
  clusterScope?: boolean;
}

/** Label by which a deployment owns an object; its value is the deployment's id. */
export const ownerLabel = 'slipway.dev/deployment';

/** Whether an object is there and the deployment of the scope owns it. */
export function isOurs({ deploymentId }: TargetScope, object: Manifest | null): boolean {
  return object?.metadata.labels?.[ownerLabel] === deploymentId;
}

/** Label and environment entry that carry the change id into what runs. */
export const changeLabel = 'slipway.dev/change';
/** Annotation of a hook that says which run of it this is: the sync, and its place in it. */
export const hookRunAnnotation = 'slipway.dev/hook-run';
/** Annotation of a manifest whose object may be taken over from whoever made it: `true`. */
export const adoptAnnotation = 'slipway.dev/adopt';
/** Who we are in `managedFields` (server-side apply). */
export const fieldManager = 'slipway';

/** Argo CD's words, minus what we do not tell apart. */
export const healthStatuses = [
  'healthy',
  'progressing',
  'degraded',
  'suspended',
  'missing',
  'unknown',
] as const;
export type HealthStatus = (typeof healthStatuses)[number];

export interface ObjectHealth {
  status: HealthStatus;
  /** one sentence for people: `1 of 2 replicas ready`, `exited with code 1 (3 restarts)` */
  message: string;
}

/** An object as the target holds it. */
export interface LiveObject {
  ref: ObjectRef;
  uid: string;
  /** the whole object, status included; values of Secrets are never logged */
  object: Manifest;
}

/** A field that is not as desired. */
export interface FieldDrift {
  ref: ObjectRef;
  /** JSON pointer; empty when the whole object is missing */
  path: string;
  desired: unknown;
  live: unknown;
  /** the field manager that last wrote it, when the target knows */
  manager: string | null;
}

export interface ServiceAddress {
  service: string;
  port: number;
  url: string;
}

/**
 * Where applications run. Every call is idempotent and may be repeated after a lost answer.
 * Errors: DomainError `validation_failed` (the target refuses the object: what and why), `forbidden` (outside of the
 * scope), `unavailable` (try again later).
 */
export interface DeployTarget {
  readonly kind: TargetKind;
  /** Server-side apply under `fieldManager`; labels the object as owned by the scope. An object of another deployment stays as it is. */
  apply(scope: TargetScope, manifest: Manifest): Promise<{ uid: string; changed: boolean }>;
  read(scope: TargetScope, ref: ObjectRef): Promise<LiveObject | null>;
  /** Every object that the scope owns. */
  list(scope: TargetScope): Promise<LiveObject[]>;
  /** Deletes an owned object and what belongs to it; done when it is gone. Nothing happens when it is not there. */
  remove(scope: TargetScope, ref: ObjectRef): Promise<void>;
  /** Takes the label of the scope off an object, which stays as it is; nothing where it is not the scope's. */
  release(scope: TargetScope, ref: ObjectRef): Promise<void>;
  /**
   * Removes the scope's namespace with all that is left in it, of a preview; done when it is gone. One that was not made
   * for this deployment, or that holds objects of another, stays.
   */
  removeNamespace(scope: TargetScope): Promise<void>;
  /** @param live the object as `list` gave it a moment ago, so that it is not read again */
  health(scope: TargetScope, ref: ObjectRef, live?: LiveObject): Promise<ObjectHealth>;
  /**
   * Compares what we manage of the object with what is there. Empty: no drift.
   * @param live the object as `list` gave it a moment ago, so that it is not read again
   */
  drift(scope: TargetScope, manifest: Manifest, live?: LiveObject): Promise<FieldDrift[]>;
  /** Where people reach what runs. */
  addresses(scope: TargetScope): Promise<ServiceAddress[]>;
}

export const targetKinds = ['local', 'kubernetes'] as const;
export type TargetKind = (typeof targetKinds)[number];
