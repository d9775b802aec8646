import type { Manifest } from '../../contracts/deploy/manifest.ts';
import {
  adoptAnnotation,
  fieldManager,
  type LiveObject,
  ownerLabel,
} from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';

/** Whether the manifest asks to take its object over from whoever made it. */
export function isAdopting({ metadata }: Manifest): boolean {
  return metadata.annotations?.[adoptAnnotation] === 'true';
}

/**
 * An object that somebody else made is left alone unless its manifest says otherwise: an undo could not give it back as it
 * was. One of another deployment is refused by the target itself, adopted or not.
 * @throws DomainError `forbidden`: what it is, who manages it, what to do
 */
export function refuseUnadopted(manifest: Manifest, live: LiveObject): void {
  if (live.object.metadata.labels?.[ownerLabel] !== undefined || isAdopting(manifest)) return;
  const managers = managersOf(live);
  const by = managers.length === 0 ? '' : ` (managed by ${managers.join(', ')})`;
  throw new DomainError(
    'forbidden',
    `${manifest.kind} ${manifest.metadata.name} is there already and was not made by this deployment${by}; it is left as it is. ` +
      `Remove it, give yours another name, or have it taken over with the annotation ${adoptAnnotation}: "true".`,
  );
}

function managersOf({ object: { metadata } }: LiveObject): string[] {
  const entries = (metadata['managedFields'] ?? []) as { manager?: string; subresource?: string }[];
  const writers = entries
    .filter(({ manager, subresource }) => subresource === undefined && manager !== fieldManager)
    .map(({ manager }) => manager);
  const managers = [metadata.labels?.['app.kubernetes.io/managed-by'], ...writers];
  return [...new Set(managers.filter((one) => one !== undefined))].slice(0, 3);
}
