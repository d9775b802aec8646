import type { Deployment, DeploymentChange } from '../../api/types.ts';

/** The settings as they stand in the fields of the form: text. */
export interface Draft {
  imageRef: string;
  opsRepoId: string;
  manifestPath: string;
  valuesOverride: string;
  approvals: string;
  bakeSeconds: string;
  healthTimeoutSeconds: string;
  selfHeal: string;
  prune: string;
}

export function draftOf(deployment: Deployment): Draft {
  return {
    imageRef: deployment.imageRef,
    opsRepoId: deployment.opsRepo?.id ?? '',
    manifestPath: deployment.manifestPath ?? '',
    valuesOverride:
      deployment.valuesOverride === null ? '' : JSON.stringify(deployment.valuesOverride, null, 2),
    approvals: String(deployment.approvalsSet),
    bakeSeconds: String(deployment.bakeSeconds),
    healthTimeoutSeconds: String(deployment.healthTimeoutSeconds),
    selfHeal: String(deployment.selfHeal),
    prune: String(deployment.prune),
  };
}

const numbers = ['approvals', 'bakeSeconds', 'healthTimeoutSeconds'] as const;

/** The object that the text is, null for none; undefined when it is no JSON object. */
function parseValues(text: string): Record<string, unknown> | null | undefined {
  if (text.trim() === '') return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with a field, for the fields that the browser can judge. */
export function draftProblems(draft: Draft): Partial<Record<keyof Draft, string>> {
  const problems: Partial<Record<keyof Draft, string>> = {};
  if (draft.imageRef.trim() === '') problems.imageRef = 'An image is needed';
  if (parseValues(draft.valuesOverride) === undefined)
    problems.valuesOverride = 'A JSON object, such as { "replicas": 2 }';
  for (const name of numbers) if (!/^\d{1,5}$/.test(draft[name])) problems[name] = 'A whole number';
  return problems;
}

/** Only what differs from what is set: the rest is not sent, so nobody's newer change is lost. */
export function changesOf(draft: Draft, deployment: Deployment): DeploymentChange {
  const before = draftOf(deployment);
  const differs = (name: keyof Draft): boolean => draft[name] !== before[name];
  const changes: DeploymentChange = {};
  if (differs('imageRef')) changes.imageRef = draft.imageRef.trim();
  if (differs('opsRepoId')) changes.opsRepoId = draft.opsRepoId === '' ? null : draft.opsRepoId;
  if (differs('manifestPath'))
    changes.manifestPath = draft.manifestPath === '' ? null : draft.manifestPath;
  if (differs('valuesOverride')) changes.valuesOverride = parseValues(draft.valuesOverride) ?? null;
  for (const name of numbers) if (differs(name)) changes[name] = Number(draft[name]);
  if (differs('selfHeal')) changes.selfHeal = draft.selfHeal === 'true';
  if (differs('prune')) changes.prune = draft.prune === 'true';
  return changes;
}
