/** Lets the Temporal SDK download its development server into a folder (the argument), and ends. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { temporalVersion } from './temporal-binary.mjs';

const environment = await TestWorkflowEnvironment.createLocal({
  server: {
    executable: {
      type: 'cached-download',
      downloadDir: process.argv[2],
      version: `v${temporalVersion}`,
    },
  },
});
await environment.teardown();
process.exit(0);
