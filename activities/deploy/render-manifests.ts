import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ManifestTools, RenderInput } from '../../contracts/deploy/render.ts';
import {
  renderRevision,
  revisionOfText,
  valuesOf,
} from '../../domain/deploy/render/render-revision.ts';

/**
 * Manifests of a folder, by the tool it is made for, else as plain templates; both end in the same checks.
 * @throws DomainError `validation_failed` with file, line and message of each fault in `errors`
 */
export function renderManifests(tools: ManifestTools): (input: RenderInput) => Promise<Manifest[]> {
  return async (input) => {
    const { files, namespace, facts } = input;
    const text = await tools.render({
      files,
      environment: facts.environment,
      namespace,
      release: releaseName(facts.project),
      values: () => valuesOf(input),
    });
    return (text === null ? renderRevision(input) : revisionOfText(text, input)).manifests;
  };
}

/** A name that Helm takes (lower case, at most 53 letters) of a project's. */
function releaseName(project: string): string {
  const plain = (project.split('/').at(-1) ?? '').toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return plain.slice(0, 53).replace(/^-+|-+$/g, '') || 'app';
}
