/** Whether a file is YAML by its name, and so one of manifests or of values. */
export function isYamlFile(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** Whether a file holds values instead of objects: `values.yaml` and `values-<environment>.yaml`, at any depth. */
export function isValuesFile(path: string): boolean {
  return /(?:^|\/)values(?:-[^/]*)?\.ya?ml$/.test(path);
}

/**
 * Why a file that is not read as manifests seems to hold one; null where it does not. Left out in silence, its object
 * would be taken for one that was removed.
 */
export function strayObject(path: string, text: string): string | null {
  if (isValuesFile(path)) {
    const isObject = /^apiVersion:/m.test(text) && /^kind:/m.test(text);
    return isObject
      ? 'it holds a Kubernetes object, and a file of this name holds values: rename it'
      : null;
  }
  if (isYamlFile(path) || !/\.(?:ya?ml|json)$/i.test(path)) return null;
  const isObject = /\.json$/i.test(path)
    ? isObjectOfJson(text)
    : /^apiVersion:/m.test(text) && /^kind:/m.test(text);
  return isObject
    ? 'it holds a Kubernetes object, and those are read from files that end in .yaml or .yml: rename it'
    : null;
}

function isObjectOfJson(text: string): boolean {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && 'apiVersion' in value && 'kind' in value;
  } catch {
    return false; // no JSON, so nobody takes it for an object
  }
}
