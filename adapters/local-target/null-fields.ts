import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { isRecord } from './json-fields.ts';

/** Fields whose keys are the author's: a key without a value is a mistake there, and is refused by what reads it. */
const maps = new Set([
  ...['annotations', 'labels', 'matchLabels', 'nodeSelector', 'selector'],
  ...['binaryData', 'data', 'stringData'],
  ...['limits', 'requests'],
]);

/**
 * A manifest without its empty fields: `envFrom:` with nothing behind it is YAML's null, and to the Kubernetes API a field
 * that is null is a field that is not there. An empty entry of a list or of a map of texts stays, as no API takes it.
 */
export function withoutNulls(manifest: Manifest): Manifest {
  return strip(manifest, false) as Manifest;
}

function strip(value: unknown, isMap: boolean): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => strip(entry, false));
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([, part]) => isMap || part !== null);
  return Object.fromEntries(kept.map(([key, part]) => [key, strip(part, !isMap && maps.has(key))]));
}
