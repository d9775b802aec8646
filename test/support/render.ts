import { expect } from '@jest/globals';
import type { RenderInput } from '../../contracts/deploy/render.ts';
import { DomainError } from '../../contracts/problems.ts';
import { renderRevision } from '../../domain/deploy/render/render-revision.ts';

/** What a revision of these files is rendered from. */
export const renderInput = (
  files: Record<string, string>,
  over: Partial<RenderInput> = {},
): RenderInput => ({
  files: new Map(Object.entries(files)),
  binaries: new Map(),
  unread: [],
  namespace: 'shop',
  imageRef: 'registry.local/shop:1',
  valuesOverride: null,
  facts: { environment: 'staging', project: 'ada/shop', changeId: 'chg_1', commit: 'abc' },
  clusterScope: false,
  ...over,
});

/** The refusal that a call ends in. */
export function refusalOf(run: () => unknown): DomainError {
  try {
    run();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
/** Faults of rendering these files, as `file:line: message`. */
export const renderFaults = (files: Record<string, string>, over: Partial<RenderInput> = {}) => {
  const refusal = refusalOf(() => renderRevision(renderInput(files, over)));
  expect(refusal.code).toBe('validation_failed');
  return refusal.errors.map(({ file, line, detail }) => `${file}:${line}: ${detail}`);
};
/** A ConfigMap of this name as YAML, `more` after its metadata. */
export const configMap = (name: string, more = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;
