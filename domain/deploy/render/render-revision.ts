import type {
  RenderedRevision,
  RenderedText,
  RenderInput,
} from '../../../contracts/deploy/render.ts';
import { FaultList, RenderRefusal } from './faults.ts';
import { isValuesFile, isYamlFile, strayObject } from './manifest-names.ts';
import { planWaves } from './plan-waves.ts';
import { readManifests } from './read-manifests.ts';
import type { YamlSource } from './read-yaml.ts';
import { renderTemplate } from './render-template.ts';
import { asksForOurs, type TemplateName } from './template-names.ts';
import { mergeValues, readValues, type Values } from './values.ts';

/** What rendering reads, and no more, so that it can be handed to a thread cheaply. */
export type PlainInput = Omit<RenderInput, 'binaries'>;

const MAX_TOTAL_BYTES = 4 * 1024 * 1024;

/**
 * Renders the manifests beneath a path: every `.yaml` and `.yml` that is no values file is a template, or taken as it is
 * (`sourceOf`), and then one or more Kubernetes objects. What was not read, and could hold one, is a fault: nothing is taken for removed that is only unread.
 * Values: `values.yaml` < `values-<environment>.yaml` < `valuesOverride` < `imageRef`.
 * Throws `validation_failed`, with file, line and message of every fault in `errors`.
 */
export function renderRevision(input: PlainInput): RenderedRevision {
  const faults = new FaultList();
  const data = templateData(input, faults);
  const sources: YamlSource[] = [];
  for (const { path, why, mayHoldManifests } of input.unread) {
    if (mayHoldManifests) faults.add(path, 1, `it ${why}`);
  }
  for (const [file, text] of [...input.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const stray = strayObject(file, text);
    if (stray !== null) faults.add(file, 1, stray);
    if (!isYamlFile(file) || isValuesFile(file)) continue;
    const source = faults.attempt(() => sourceOf(file, text, data));
    if (source !== null) sources.push(source);
  }
  faults.throwIfAny();
  return finish(sources, input, faults);
}

/**
 * A file as a template; as it is where it asks for nothing of ours and an action of it is another program's, as in every
 * rule of Prometheus (see ADR 37).
 */
function sourceOf(file: string, text: string, data: TemplateData): YamlSource {
  try {
    return { file, ...renderTemplate(file, text, data) };
  } catch (error) {
    if (!(error instanceof RenderRefusal) || asksForOurs(text)) throw error;
    return { file, text };
  }
}

/**
 * The same for what a tool rendered: checked by the same rules, but no template any more. Only a text that is nothing but
 * `{{ .ImageRef }}` is replaced, which is how a kustomization says where the image goes.
 */
export function revisionOfText(
  rendered: RenderedText,
  input: Pick<RenderInput, 'namespace' | 'clusterScope' | 'allowEmpty' | 'imageRef'>,
): RenderedRevision {
  const faults = new FaultList();
  const text = rendered.text.replaceAll(
    /(["'])\{\{\s*\.ImageRef\s*\}\}\1/g,
    () => JSON.stringify(input.imageRef), // a function: `$` in the replacement stands for itself
  );
  return finish([{ file: rendered.file, text }], input, faults);
}

/** Values of the folder for one environment with the override and, as `imageRef`, the image; what a Helm chart is given. */
export function valuesOf(input: PlainInput): Values {
  const faults = new FaultList();
  const values = allValues(input, faults);
  faults.throwIfAny();
  return values;
}

function allValues(input: PlainInput, faults: FaultList): Values {
  const { files, facts, valuesOverride, imageRef } = input;
  const values = readValues(files, facts.environment, valuesOverride, faults);
  return imageRef === '' ? values : mergeValues(values, { imageRef });
}

function finish(
  sources: readonly YamlSource[],
  input: Pick<RenderInput, 'namespace' | 'clusterScope' | 'allowEmpty'>,
  faults: FaultList,
): RenderedRevision {
  const bytes = sources.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes > MAX_TOTAL_BYTES) {
    faults.add(sources[0]?.file ?? '.', 1, 'all manifests together are larger than 4 MiB');
    faults.throwIfAny();
  }
  const manifests = readManifests(sources, input, faults);
  faults.throwIfAny();
  if (manifests.length === 0 && input.allowEmpty !== true) {
    faults.add(sources[0]?.file ?? '.', 1, 'nothing was rendered: no file here holds an object');
    faults.throwIfAny();
  }
  return { manifests, waves: planWaves(manifests) };
}

type TemplateData = Record<TemplateName, unknown>;

/** What a template sees as its dot. Facts that are not known are absent, so that their use is an error. */
function templateData(input: PlainInput, faults: FaultList): TemplateData {
  const { environment, project, changeId, commit } = input.facts;
  const facts = {
    ImageRef: input.imageRef === '' ? null : input.imageRef,
    Environment: environment,
    Project: project,
    Change: changeId,
    Commit: commit,
  };
  for (const [name, value] of Object.entries(facts)) {
    if (value !== null && /[\s"'`{}\p{Cc}]/u.test(value)) {
      faults.attempt(() => {
        throw new RenderRefusal('.', 1, `.${name} holds characters that it may not have`);
      });
    }
  }
  return {
    ...facts,
    Values: allValues(input, faults),
  };
}
