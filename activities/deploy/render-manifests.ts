import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ManifestTools, RenderInput } from '../../contracts/deploy/render.ts';
import type { Heavy } from '../../domain/heavy/heavy.ts';

/**
 * Manifests of a folder, on the account of `whose`, by the tool it is made for, else as plain templates; both end in the same checks.
 * @throws DomainError `validation_failed` with file, line and message of each fault in `errors`
 */
export function renderManifests(
  tools: ManifestTools,
  heavy: Pick<Heavy, 'renderRevision' | 'revisionOfText' | 'valuesOf'>,
): (input: RenderInput, whose: string) => Promise<Manifest[]> {
  return async (input, whose) => {
    const { binaries, ...plain } = input;
    const { files, unread, namespace, facts } = plain;
    const request = {
      ...{ files, binaries, unread, namespace },
      environment: facts.environment,
      release: releaseName(facts.project),
      values: () => heavy.valuesOf([plain], { what: 'The values of the folder', whose }),
    };
    const text = await tools.render(request, whose);
    const rendered =
      text === null
        ? await heavy.renderRevision([plain], { what: 'The folder of manifests', whose })
        : await heavy.revisionOfText([text, plain], { what: `What ${text.file} made`, whose });
    return rendered.manifests;
  };
}

/** A name that Helm takes (lower case, at most 53 letters) of a project's. */
function releaseName(project: string): string {
  const plain = (project.split('/').at(-1) ?? '').toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return plain.slice(0, 53).replace(/^-+|-+$/g, '') || 'app';
}
