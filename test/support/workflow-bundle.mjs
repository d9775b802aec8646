import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = join(import.meta.dirname, '../..');

/** Source of all workflows, and the file whose exports are the workflow types. */
export const workflowsPath = join(root, 'workflows/core.bundle.ts');

/**
 * The workflows as a worker runs them, bundled from the source at hand: a stale `dist/` can hide a change.
 *
 * @returns {Promise<{ code: string }>}
 */
export async function bundleWorkflows() {
  const interceptors = ['workflows/interceptors.ts', 'workflows/interceptors/index.ts'];
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: interceptors.map((name) => join(root, name)).filter(existsSync),
    failureConverterPath: join(root, 'workflows/interceptors/failure-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
}
