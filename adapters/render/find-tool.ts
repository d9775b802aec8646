import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError } from '../../contracts/problems.ts';
import type { ChosenTool } from './choose-tool.ts';

const systemFolders = ['/usr/local/bin', '/usr/bin', '/bin'];

/** How to get each where the system has no package of it. */
const packages = {
  kustomize: 'sigs.k8s.io/kustomize/kustomize/v5@v5.7.1',
  helm: 'helm.sh/helm/v3/cmd/helm@v3.22.0',
} as const satisfies Record<ChosenTool['tool'], string>;

/**
 * Path of a tool: in the system's folders, else the newest beneath `cache`/<tool>/<version>.
 * @throws DomainError `validation_failed` that says how to get it
 */
export async function findTool(
  tool: ChosenTool['tool'],
  cache: string,
  folders: readonly string[] = systemFolders,
): Promise<string> {
  const versions = await readdir(join(cache, tool)).catch(() => []);
  const newest = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const places = [...folders, ...newest.map((version) => join(cache, tool, version))];
  for (const folder of places) {
    const file = join(folder, tool);
    if (await isExecutable(file)) return file;
  }
  const asks = tool === 'helm' ? 'a Chart.yaml' : 'a kustomization.yaml';
  throw new DomainError(
    'validation_failed',
    `The folder has ${asks}, but ${tool} is not installed where deployments run. Install its package, or run ` +
      `GOBIN=${systemFolders[0] ?? ''} go install ${packages[tool]}. Plain manifests and templates work without it.`,
  );
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
