import type { FaultList } from './faults.ts';
import { RenderRefusal } from './faults.ts';
import { readYaml } from './read-yaml.ts';

export type Values = Record<string, unknown>;

/**
 * Values for one environment: `values.yaml` < `values-<environment>.yaml` < `override`. Maps are merged key by key,
 * everything else (lists too) is replaced. Values are data: a template in them is not rendered.
 */
export function readValues(
  files: ReadonlyMap<string, string>,
  environment: string,
  override: Values | null,
  faults: FaultList,
): Values {
  let merged: Values = {};
  for (const name of ['values', `values-${environment}`]) {
    for (const file of [`${name}.yaml`, `${name}.yml`]) {
      const text = files.get(file);
      if (text === undefined) continue;
      const found = faults.attempt(() => readValuesFile(file, text));
      if (found !== null) merged = mergeValues(merged, found);
    }
  }
  return override === null ? merged : mergeValues(merged, override);
}

function readValuesFile(file: string, text: string): Values {
  const documents = readYaml({ file, text });
  const [first, second] = documents;
  if (second !== undefined) {
    throw new RenderRefusal(file, second.lineAt([]), 'values are one document, this is a second');
  }
  if (first === undefined) return {};
  if (!isPlainMap(first.value)) {
    throw new RenderRefusal(file, first.lineAt([]), 'values have to be a map');
  }
  return first.value;
}

/** Deep merge of maps; of anything else the later one stands. */
export function mergeValues(base: Values, over: Values): Values {
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    const before = merged.get(key);
    merged.set(key, isPlainMap(before) && isPlainMap(value) ? mergeValues(before, value) : value);
  }
  return Object.fromEntries(merged);
}

export function isPlainMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
