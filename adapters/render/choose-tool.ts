/** The tool that a folder of manifests is made for, and where in it to start. */
export interface ChosenTool {
  tool: 'kustomize' | 'helm';
  /** relative to the files, empty for their root */
  folder: string;
}

const kustomizations = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/**
 * `overlays/<environment>/kustomization.yaml`, else `kustomization.yaml`, else `Chart.yaml`; null: plain manifests. An
 * environment's name comes from a closed set, so it may stand in a path.
 */
export function chooseTool(
  files: ReadonlyMap<string, string>,
  environment: string,
): ChosenTool | null {
  const overlay = `overlays/${environment}`;
  if (kustomizations.some((name) => files.has(`${overlay}/${name}`))) {
    return { tool: 'kustomize', folder: overlay };
  }
  if (kustomizations.some((name) => files.has(name))) return { tool: 'kustomize', folder: '' };
  return files.has('Chart.yaml') ? { tool: 'helm', folder: '' } : null;
}
