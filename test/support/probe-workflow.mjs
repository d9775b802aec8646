import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = join(import.meta.dirname, '../..');

const source = `
import { proxyActivities } from '@temporalio/workflow';
const { probe } = proxyActivities({ startToCloseTimeout: '10s', retry: { maximumAttempts: 1 } });
export async function probeWorkflow(input) {
  return await probe(input);
}
`;

/**
 * A workflow of one activity \`probe\`, bundled with the product's own interceptors and failure converter.
 *
 * @returns {Promise<{ code: string }>}
 */
export async function bundleProbeWorkflow() {
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist', '.probe-'));
  try {
    const workflowsPath = join(folder, 'probe.mjs');
    await writeFile(workflowsPath, source);
    return await bundleWorkflowCode({
      workflowsPath,
      workflowInterceptorModules: [join(root, 'workflows/interceptors/index.ts')],
      failureConverterPath: join(root, 'workflows/interceptors/failure-converter.ts'),
      logger: new DefaultLogger('ERROR'),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
