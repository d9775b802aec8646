import { createHash } from 'node:crypto';
import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { ownerLabel, type TargetScope } from '../../contracts/deploy/target.ts';
import type { KnownKind } from './kinds.ts';
import { textAt } from './part.ts';

/** Fields of a manifest that only the server may write; they are there when somebody hands back what was read. */
const serverFields = ['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp'];

/** The body of an apply: ours by label, in the namespace, and bound to the very object that was read. */
export function appliedForm(
  scope: TargetScope,
  given: Manifest,
  kind: KnownKind,
  before: Manifest | null,
): Manifest {
  const { status: _status, ...manifest } = given.kind === 'Secret' ? withPlainData(given) : given;
  const { namespace: _namespace, ...metadata } = manifest.metadata;
  const kept = Object.entries(metadata).filter(([key]) => !serverFields.includes(key));
  return {
    ...manifest,
    metadata: {
      ...Object.fromEntries(kept),
      name: manifest.metadata.name,
      ...(kind.isNamespaced ? { namespace: scope.namespace } : {}),
      ...(before === null ? {} : { uid: textAt(before, 'metadata', 'uid') }),
      labels: { ...manifest.metadata.labels, [ownerLabel]: scope.deploymentId },
    },
  };
}

/** One word for what is desired together with the very version of the object that it is compared with. */
export function fingerprint(form: Manifest, live: Manifest): string {
  const wanted = createHash('sha256').update(JSON.stringify(form)).digest('hex');
  return [
    wanted,
    textAt(live, 'metadata', 'uid'),
    textAt(live, 'metadata', 'resourceVersion'),
  ].join(' ');
}

/** `stringData` is only ever written, so a key that is left out of it later would stay: it becomes `data` here. */
function withPlainData({ stringData, ...secret }: Manifest): Manifest {
  if (typeof stringData !== 'object' || stringData === null) return secret;
  const encoded = Object.entries(stringData).map(([key, value]): [string, string] => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = { ...(secret['data'] as Record<string, string> | undefined) };
  return { ...secret, data: { ...data, ...Object.fromEntries(encoded) } };
}
