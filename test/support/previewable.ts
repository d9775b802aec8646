import { appFiles } from './deployable.ts';
import { eventually } from './eventually.ts';
import type { WorkTree } from './git-client.ts';
import type { Slipway } from './slipway.ts';

/** The parts of a preview that tests look at. */
export interface ShownPreview {
  state: string;
  reason: string | null;
  endReason: string | null;
  deploymentId: string | null;
  commitSha: string | null;
  addresses: { url: string }[];
  pipeline: { number: number; status: string } | null;
  expiresAt: string | null;
  secrets: { name: string; version: number; endedAt: string | null }[];
}

/**
 * The service of `appFiles` whose merge requests have a preview; `more` goes into its block of `deploy`. Pipelines up to the
 * number `redUpTo` end red.
 */
export function previewFiles(
  version: string,
  options: { broken?: boolean; more?: string; redUpTo?: number } = {},
): Record<string, string> {
  const files = appFiles(version, options);
  const pipeline = (files['.platform.yaml'] ?? '').replace(
    'environment: production',
    `environment: preview${options.more === undefined ? '' : `\n    ${options.more}`}`,
  );
  if (options.redUpTo === undefined) return { ...files, '.platform.yaml': pipeline };
  const check = `test ${'${{ pipeline.number }}'} -gt ${String(options.redUpTo)}`;
  const red = pipeline.replace('commands: [', `commands: ['${check}', `);
  return { ...files, '.platform.yaml': `on: [merge_request]\n${red}` };
}

/** Pushes a branch with these files and answers its head. */
export async function pushBranch(
  work: WorkTree,
  branch: string,
  files: Record<string, string>,
): Promise<string> {
  await work.git('checkout', '--quiet', '-B', branch);
  await work.write(files);
  const sha = await work.commit(`change of ${branch}`);
  await work.git('push', '--quiet', '--force', 'origin', `HEAD:${branch}`);
  return sha;
}

/** Opens a merge request into main and answers its path. */
export async function openRequest(
  slipway: Slipway,
  project: string,
  sourceBranch: string,
  token?: string,
): Promise<string> {
  const path = `/api/v1/projects/${project}/merge-requests`;
  const made = await slipway.request('POST', path, { title: sourceBranch, sourceBranch }, token);
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return `${path}/${String((made.body as { number: number }).number)}`;
}

/** The preview of the merge request at `path` when `isWanted` holds; fails with what it last was. */
export async function previewWhen(
  slipway: Slipway,
  path: string,
  isWanted: (preview: ShownPreview) => boolean,
  timeoutMs = 120_000,
): Promise<ShownPreview> {
  let last: unknown;
  try {
    return await eventually(async () => {
      const answer = await slipway.request('GET', `${path}/preview`);
      last = answer.body;
      const found = answer.body as ShownPreview;
      return isWanted(found) ? found : undefined;
    }, timeoutMs);
  } catch (error) {
    throw new Error(`never as wanted, last: ${JSON.stringify(last, null, 1)}`, { cause: error });
  }
}

/** What an address answers, or `refused`. */
export async function answerAt(url: string): Promise<string> {
  return await fetch(url).then(
    (answer) => answer.text(),
    () => 'refused',
  );
}

/** Passes when an address answers this; an application that is just coming up again is waited for. */
export async function expectAnswer(url: string, wanted: string): Promise<void> {
  await eventually(async () => ((await answerAt(url)) === wanted ? true : undefined), 60_000);
}
