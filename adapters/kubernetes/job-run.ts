import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { refOf } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift } from '../../contracts/deploy/target.ts';
import { managerOf } from './field-drift.ts';
import { isStatus } from './kube-error.ts';
import { part } from './part.ts';

/**
 * Whether an apply was refused because a Job is one run of its template, which the server lets nobody change: what is asked
 * for takes a new Job.
 * @param before the object as it is
 * @param error what the API server answered
 */
export function isOtherRun(before: Manifest | null, error: unknown): boolean {
  if (before?.kind !== 'Job' || !before.apiVersion.startsWith('batch/')) return false;
  return isStatus(error, 422) && /field is immutable/.test((error as Error).message);
}

/** A Job whose run is not the one that is asked for, as a drift: a dry run of it says nothing more. */
export function templateDrift(desired: Manifest, live: Manifest): FieldDrift {
  return {
    ref: refOf(live),
    path: '/spec/template',
    desired: part(desired, 'spec', 'template') ?? null,
    live: part(live, 'spec', 'template') ?? null,
    manager: managerOf(live, ['spec', 'template']),
  };
}
