import type { Manifest } from '../../contracts/deploy/manifest.ts';
import { changeLabel } from '../../contracts/deploy/target.ts';
import { DomainError } from '../../contracts/problems.ts';
import type { DeployActivityDeps } from './deps.ts';
import type { VersionsOf } from './secret-versions.ts';
import { inNamespace } from '../../domain/deploy/namespace.ts';
import { scaledWorkloads, setReplicas, stopWorkload } from './set-replicas.ts';

/** Kinds whose pods are replaced when their template changes. That of a Job cannot change: it would be another run. */
const replacing = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
const secretReference = /\$\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

type Json = Record<string, unknown>;
type Template = { metadata?: Partial<Manifest['metadata']> | null };

/** What the manifests of a revision are applied with. */
export interface ApplyFacts {
  namespace: string;
  changeId: string | null;
  /** image of the deployment, as it stands in its manifests */
  imageRef: string;
  /** over the manifests' own numbers, see `scaledWorkloads`; 0: nothing of it runs; null: as the manifests say */
  replicas: number | null;
}

/**
 * The rendered manifests of a revision as they are applied: in their namespace, with the change id as a label of each object
 * and of its pods, with the number of replicas that was asked for. The change is that of the revision, so that the same
 * content never restarts anything.
 */
export function prepareManifests(rendered: readonly Manifest[], facts: ApplyFacts): Manifest[] {
  const manifests = inNamespace(structuredClone([...rendered]), facts.namespace);
  const { changeId, replicas } = facts;
  for (const manifest of manifests) {
    if (changeId !== null) labelWithChange(manifest, changeId);
    if (replicas === 0) stopWorkload(manifest);
  }
  if (replicas === null || replicas === 0) return manifests;
  for (const one of scaledWorkloads(manifests, facts.imageRef)) setReplicas(one, replicas);
  return manifests;
}

function labelWithChange(manifest: Manifest, changeId: string): void {
  const { metadata } = manifest;
  metadata.labels = { ...metadata.labels, [changeLabel]: changeId };
  const spec = manifest['spec'] as Json | null | undefined;
  const template = spec?.['template'] as Template | null | undefined;
  if (template == null || !replacing.has(manifest.kind)) return;
  const labels = { ...template.metadata?.labels, [changeLabel]: changeId };
  template.metadata = { ...template.metadata, labels };
}

/** Names of the project's secrets that a Secret object refers to. */
export function secretNames(manifest: Manifest): string[] {
  if (manifest.kind !== 'Secret') return [];
  const texts = Object.values((manifest['stringData'] ?? {}) as Record<string, unknown>);
  return texts.flatMap((value) =>
    [...String(value).matchAll(secretReference)].map((match) => match[1] ?? ''),
  );
}

/**
 * Fills `${{ secrets.NAME }}` in the stringData of Secret objects: the only place where a value may go.
 * @throws DomainError `secret_unavailable`, `sealed`
 */
export async function fillSecrets(
  deps: DeployActivityDeps,
  { deploymentId }: { deploymentId: string },
  manifest: Manifest,
  versionsOf: VersionsOf,
): Promise<Manifest> {
  const names = secretNames(manifest);
  if (names.length === 0) return manifest;
  const values = await deps.secrets.values(deploymentId, names, await versionsOf(names));
  const stringData = Object.fromEntries(
    Object.entries(manifest['stringData'] as Record<string, unknown>).map(([key, value]) => [
      key,
      value === null
        ? null // no text, which the target refuses
        : String(value as string | number | boolean).replace(
            secretReference,
            (_whole, name: string) => values.get(name)?.value ?? '',
          ),
    ]),
  );
  return { ...manifest, stringData };
}

/** Versions of the secrets that a pod was started with: a newer one rolls it, with all that a rollout has. */
const secretsAnnotation = 'slipway.dev/secrets';

/** Writes onto pod templates which versions their Secret objects hold. Changes the manifests in place. */
export function stampSecrets(
  manifests: readonly Manifest[],
  versions: ReadonlyMap<string, number>,
): void {
  const held = new Map(
    manifests.map((one) => [one.metadata.name, one.kind === 'Secret' ? secretNames(one) : []]),
  );
  for (const manifest of manifests.filter(({ kind }) => replacing.has(kind))) {
    const template = (manifest['spec'] as Json | null | undefined)?.['template'] as
      Json | null | undefined;
    if (template == null) continue;
    const names = [...secretObjectsOf(template)].flatMap((name) => held.get(name) ?? []);
    if (names.length === 0) continue;
    const stamp = [...new Set(names)]
      .sort()
      .map((name) => `${name}@${String(versions.get(name) ?? 0)}`)
      .join(',');
    const metadata = (template['metadata'] ?? {}) as Json;
    const annotations = {
      ...(metadata['annotations'] as Json | undefined),
      [secretsAnnotation]: stamp,
    };
    template['metadata'] = { ...metadata, annotations };
  }
}

/** Names of the Secret objects that something beneath refers to: `secretKeyRef`, `secretRef`, `secretName`. */
function* secretObjectsOf(part: unknown): Generator<string> {
  if (Array.isArray(part)) for (const one of part) yield* secretObjectsOf(one);
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return;
  for (const [key, value] of Object.entries(part)) {
    if (key === 'secretName' && typeof value === 'string') yield value;
    else if (key === 'secretKeyRef' || key === 'secretRef')
      yield String((value as Json | null)?.['name']);
    else yield* secretObjectsOf(value);
  }
}

/** @throws DomainError `validation_failed` for a secret that would end outside of a Secret object */
export function refuseStraySecrets(manifests: readonly Manifest[]): void {
  for (const manifest of manifests) {
    const { stringData, ...rest } = manifest as Manifest & { stringData?: unknown };
    const text = JSON.stringify(manifest.kind === 'Secret' ? rest : { ...rest, stringData });
    if (text.match(secretReference) === null) continue;
    throw new DomainError(
      'validation_failed',
      `${manifest.kind} ${manifest.metadata.name} refers to a secret: expected it in the stringData of a Secret object only.`,
    );
  }
}
