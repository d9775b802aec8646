import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { DomainError } from '../../contracts/problems.ts';
import { isSameValue, valueAt } from './json-fields.ts';
import type { StoredObject } from './state-store.ts';

/** What Kubernetes lets nobody change either. */
export function checkFixed(known: StoredObject, desired: Manifest): void {
  const path = '/spec/selector';
  if (desired.kind !== 'Deployment' && desired.kind !== 'StatefulSet') return;
  if (isSameAt(path, known, desired)) return;
  throw new DomainError(
    'validation_failed',
    `${desired.kind} ${desired.metadata.name}: ${path} cannot be changed. Remove the object first.`,
  );
}

/** A Job is one run of its template: with another one it is another Job. */
export function isOtherRun(known: StoredObject, desired: Manifest): boolean {
  return desired.kind === 'Job' && !isSameAt('/spec/template', known, desired);
}

function isSameAt(path: string, known: StoredObject, desired: Manifest): boolean {
  return isSameValue(valueAt(known.applied, path), valueAt(desired, path));
}
