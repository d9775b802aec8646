import type { DeployPhase, Manifest } from '../../../contracts/deploy/manifest.ts';
import { deployPhases } from '../../../contracts/deploy/manifest.ts';
import { type HookDeletePolicy, hookDeletePolicies } from '../../../contracts/deploy/render.ts';

/** When an object is applied. No phase at all: it is left out of a sync (`Skip`, hooks of a deletion or a test). */
export interface Placement {
  phases: DeployPhase[];
  wave: number;
  isHook: boolean;
  deletePolicy: HookDeletePolicy[];
}

const helmPhases: Readonly<Record<string, DeployPhase>> = {
  'crd-install': 'PreSync',
  'pre-install': 'PreSync',
  'pre-upgrade': 'PreSync',
  'post-install': 'PostSync',
  'post-upgrade': 'PostSync',
};
const helmPolicies: Readonly<Record<string, HookDeletePolicy>> = {
  'before-hook-creation': 'BeforeHookCreation',
  'hook-succeeded': 'HookSucceeded',
  'hook-failed': 'HookFailed',
};

/**
 * Reads the annotations of an object: `slipway.dev/hook`, `/sync-wave`, `/hook-delete-policy`, else those of Argo CD
 * (`argocd.argoproj.io/…`), else those of Helm (`helm.sh/hook`, `/hook-weight`, `/hook-delete-policy`).
 */
export function placementOf(manifest: Manifest): Placement {
  const hook = annotation(manifest, 'hook');
  const helmHook = manifest.metadata.annotations?.['helm.sh/hook'];
  const wave = waveOf(manifest);
  if (hook !== undefined) {
    const words = wordsOf(hook);
    return {
      phases: deployPhases.filter((phase) => words.includes(phase)),
      wave,
      isHook: true,
      deletePolicy: policiesOf(annotation(manifest, 'hook-delete-policy'), null),
    };
  }
  if (helmHook !== undefined) {
    const words = wordsOf(helmHook).map((word) => helmPhases[word]);
    const policy = manifest.metadata.annotations?.['helm.sh/hook-delete-policy'];
    return {
      phases: deployPhases.filter((phase) => words.includes(phase)),
      wave,
      isHook: true,
      deletePolicy: policiesOf(policy, helmPolicies),
    };
  }
  return { phases: ['Sync'], wave, isHook: false, deletePolicy: [] };
}

/** Whether the object stays when it is rendered no more (`Prune=false`, or Helm's `keep`). */
export function isKeptFromPruning(manifest: Manifest): boolean {
  const options = wordsOf(annotation(manifest, 'sync-options') ?? '');
  const helm = manifest.metadata.annotations?.['helm.sh/resource-policy'];
  return options.includes('Prune=false') || helm === 'keep';
}

function waveOf(manifest: Manifest): number {
  const weight = manifest.metadata.annotations?.['helm.sh/hook-weight'];
  const text = annotation(manifest, 'sync-wave') ?? weight ?? '0';
  const wave = Number(text.trim());
  return Number.isSafeInteger(wave) ? wave : 0;
}

function policiesOf(
  text: string | undefined,
  names: Readonly<Record<string, HookDeletePolicy>> | null,
): HookDeletePolicy[] {
  const words = wordsOf(text ?? '').map((word) => names?.[word] ?? word);
  const policies = hookDeletePolicies.filter((policy) => words.includes(policy));
  return policies.length === 0 ? ['BeforeHookCreation'] : policies;
}

function annotation(manifest: Manifest, name: string): string | undefined {
  const { annotations } = manifest.metadata;
  return annotations?.[`slipway.dev/${name}`] ?? annotations?.[`argocd.argoproj.io/${name}`];
}

function wordsOf(text: string): string[] {
  return text.split(',').map((word) => word.trim());
}
