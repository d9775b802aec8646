import type { Diff } from '../api/types.ts';
import { unifiedPatch } from './line-diff.ts';
import { yamlText } from './yaml-text.ts';

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `Deployment/web` of an object. */
export function objectName(manifest: Readonly<Record<string, unknown>>): string {
  const metadata = (manifest['metadata'] ?? {}) as Record<string, unknown>;
  return `${wordOf(manifest['kind'])}/${wordOf(metadata['name'])}`;
}

/** What differs between two lists of rendered manifests: one file an object, as YAML. */
export function manifestDiff(
  before: readonly Record<string, unknown>[],
  after: readonly Record<string, unknown>[],
): Diff {
  const texts = (manifests: readonly Record<string, unknown>[]): Map<string, string> =>
    new Map(manifests.map((manifest) => [objectName(manifest), yamlText(manifest)]));
  const old = texts(before);
  const fresh = texts(after);
  const files: Diff['files'] = [];
  let patch = '';
  for (const path of [...new Set([...old.keys(), ...fresh.keys()])].sort()) {
    const found = unifiedPatch(path, old.get(path) ?? '', fresh.get(path) ?? '');
    if (found === null) continue;
    const { additions, deletions } = found;
    files.push({ path, oldPath: null, additions, deletions });
    patch += found.patch;
  }
  return { files, patch, truncated: false };
}
