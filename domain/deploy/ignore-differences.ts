import { isDeepStrictEqual } from 'node:util';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { FieldDrift } from '../../contracts/deploy/target.ts';

type Place = readonly string[];

/**
 * A manifest that, applied, ignores the given differences: those fields stay as they are live, since their values are in it, and what is
 * not there is not in it either. A field within a list is one of the manifest's own list where that is the list that was compared; else the
 * list is taken as a whole as it is live.
 * @param fields drifts of this manifest's object
 */
export function ignoreDifferences(
  manifest: Manifest,
  fields: readonly Pick<FieldDrift, 'path' | 'desired'>[],
  live: Manifest,
): Manifest {
  const given = withPlainData(manifest);
  const left = structuredClone(given);
  for (const field of fields) {
    const place = placeOf(field, given, live);
    set(left, place, valueAt(live, place));
  }
  return withoutHoles(left) as Manifest;
}

/** What a target keeps of a Secret: `stringData` is only a way to write `data`. */
function withPlainData(manifest: Manifest): Manifest {
  const { stringData, ...rest } = manifest;
  if (manifest.kind !== 'Secret' || !isMap(stringData)) return manifest;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = rest['data'] as Record<string, unknown> | undefined;
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}

function placeOf(
  { path, desired }: Pick<FieldDrift, 'path' | 'desired'>,
  given: Manifest,
  live: Manifest,
): Place {
  const place = path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const list = place.findIndex((_key, depth) => {
    const around = place.slice(0, depth);
    return [given, live].some((object) => Array.isArray(valueAt(object, around)));
  });
  if (list === -1) return place;
  const isCompared = isDeepStrictEqual(valueAt(given, place) ?? null, desired ?? null);
  return isCompared ? place : place.slice(0, list);
}

function valueAt(object: unknown, place: Place): unknown {
  let value = object;
  for (const key of place) {
    if (!isMap(value) && !Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

/** Leaves a hole where there is no value, so that the places of a list stay what they are. */
function set(object: unknown, place: Place, value: unknown): void {
  let around = object as Record<string, unknown>;
  for (const key of place.slice(0, -1)) {
    const inner = around[key];
    if (!isMap(inner) && !Array.isArray(inner)) {
      if (value === undefined) return;
      around[key] = {};
    }
    around = around[key] as Record<string, unknown>;
  }
  const last = place.at(-1);
  if (last !== undefined) around[last] = structuredClone(value);
}

function withoutHoles(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((one) => one !== undefined).map(withoutHoles);
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutHoles(inner)]));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
