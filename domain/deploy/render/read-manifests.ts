import { type Manifest, refKey, refOf } from '../../../contracts/deploy/manifest.ts';
import type { RenderInput } from '../../../contracts/deploy/render.ts';
import { isClusterWide } from './cluster-kinds.ts';
import { type FaultList, RenderRefusal } from './faults.ts';
import { readYaml, type YamlDocument, type YamlSource } from './read-yaml.ts';
import { isPlainMap, type Values } from './values.ts';

const MAX_OBJECTS = 2000;

export type ManifestRules = Pick<RenderInput, 'namespace' | 'clusterScope'>;

type Path = readonly (string | number)[];

/** A manifest and where it was written. */
export interface PlacedManifest {
  manifest: Manifest;
  file: string;
  line: number;
}

/**
 * The Kubernetes objects of YAML texts, `List`s taken apart however deep. Adds a fault for each object that is not
 * complete, lies in another namespace, needs the whole cluster without leave, or is there twice.
 */
export function readManifests(
  sources: readonly YamlSource[],
  rules: ManifestRules,
  faults: FaultList,
): Manifest[] {
  const placed: PlacedManifest[] = [];
  for (const source of sources) {
    faults.attempt(() => {
      for (const document of readYaml(source)) {
        collect(document.value, [], { source, document, rules, faults, placed });
      }
    });
  }
  const first = new Map<string, PlacedManifest>();
  for (const item of placed) {
    const key = refKey(refOf(item.manifest));
    const before = first.get(key);
    if (before === undefined) first.set(key, item);
    else faults.add(item.file, item.line, `${key} is there already: ${before.file}:${before.line}`);
  }
  return placed.map(({ manifest }) => manifest);
}

interface Collecting {
  source: YamlSource;
  document: YamlDocument;
  rules: ManifestRules;
  faults: FaultList;
  placed: PlacedManifest[];
}

function collect(value: unknown, path: Path, context: Collecting): void {
  const { source, document, faults, placed } = context;
  const refuse = (at: Path, message: string) =>
    new RenderRefusal(source.file, document.lineAt([...path, ...at]), message);
  if (isPlainMap(value) && isList(value)) {
    if (value['items'] !== null && !Array.isArray(value['items'])) {
      faults.add(source.file, document.lineAt([...path, 'items']), 'items has to be a list');
      return;
    }
    (value['items'] ?? []).forEach((item: unknown, index: number) => {
      collect(item, [...path, 'items', index], context);
    });
    return;
  }
  faults.attempt(() => {
    if (placed.length >= MAX_OBJECTS) throw refuse([], 'there are more than 2000 objects');
    const manifest = checkObject(value, context.rules, refuse);
    placed.push({ manifest, file: source.file, line: document.lineAt(path) });
  });
}

/** `List`, `ConfigMapList` and so on: something that holds objects instead of being one. */
function isList(value: Values): value is Values & { items: unknown[] | null } {
  return typeof value['kind'] === 'string' && value['kind'].endsWith('List') && 'items' in value;
}

type Refuse = (at: Path, message: string) => RenderRefusal;

function checkObject(value: unknown, rules: ManifestRules, refuse: Refuse): Manifest {
  if (!isPlainMap(value)) throw refuse([], 'expected a Kubernetes object');
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || !/^(?:[a-z0-9.-]+\/)?v[a-z0-9]+$/.test(apiVersion)) {
    throw refuse(['apiVersion'], 'apiVersion is missing or odd: expected v1, apps/v1 or the like');
  }
  if (typeof kind !== 'string' || !/^[A-Z][A-Za-z0-9]*$/.test(kind)) {
    throw refuse(['kind'], 'kind is missing or odd: expected Deployment, Service or the like');
  }
  if (!isPlainMap(metadata)) throw refuse(['metadata'], `this ${kind} has no metadata`);
  if ('generateName' in metadata) {
    throw refuse(
      ['metadata', 'generateName'],
      `this ${kind} has generateName, which makes a new object each time: give it a name`,
    );
  }
  const { name } = metadata;
  if (typeof name !== 'string' || !/^[a-z0-9A-Z][-a-z0-9A-Z_.:]{0,252}$/.test(name)) {
    throw refuse(['metadata', 'name'], `this ${kind} has no name that Kubernetes takes`);
  }
  checkWords(metadata, `${kind} ${name}`, refuse);
  const { status: _status, ...rest } = value;
  const namespace = checkNamespace(`${kind} ${name}`, apiVersion, kind, metadata, rules, refuse);
  const { namespace: _namespace, ...others } = metadata;
  return {
    ...rest,
    apiVersion,
    kind,
    metadata: { ...others, name, ...(namespace === null ? {} : { namespace }) },
  };
}

/** The namespace the object is put into; null for one of the whole cluster. */
function checkNamespace(
  label: string,
  apiVersion: string,
  kind: string,
  metadata: Values,
  rules: ManifestRules,
  refuse: Refuse,
): string | null {
  if (isClusterWide(apiVersion, kind)) {
    if (rules.clusterScope) return null;
    throw refuse(
      ['kind'],
      `${label} belongs to the whole cluster: this deployment may only touch its namespace "${rules.namespace}"`,
    );
  }
  const { namespace } = metadata;
  if (namespace !== undefined && namespace !== null && namespace !== rules.namespace) {
    throw refuse(
      ['metadata', 'namespace'],
      `${label} lies in the namespace "${typeof namespace === 'string' ? namespace : '?'}": this deployment may only touch "${rules.namespace}"`,
    );
  }
  return rules.namespace;
}

/** Labels and annotations are maps of texts; Kubernetes would say so too, but later and without a line. */
function checkWords(metadata: Values, label: string, refuse: Refuse): void {
  for (const name of ['labels', 'annotations']) {
    const words = metadata[name];
    if (words === undefined || words === null) continue;
    if (!isPlainMap(words))
      throw refuse(['metadata', name], `${name} of ${label} have to be a map`);
    for (const [key, value] of Object.entries(words)) {
      if (typeof value === 'string') continue;
      throw refuse(
        ['metadata', name, key],
        `${name} of ${label}: the value of "${key}" has to be a text, put it in quotes`,
      );
    }
  }
}
