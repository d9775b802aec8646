import { defaultLimits, type WorkspaceMount } from '../../adapters/executor/executor.ts';
import { createProcessExecutor } from '../../adapters/sandbox/process-executor.ts';

/** A process that runs one step, made to be killed: its arguments are the workspace as JSON and a marker. */
const [, , mount = '', marker = ''] = process.argv;
const executor = createProcessExecutor({ hostEnv: process.env, warmNetworks: 1 });
const about = await executor.describe();
if (!about.ready) {
  process.stdout.write(`refused: ${about.problem ?? ''}\n`);
}
const execution = await executor.start({
  id: 'victim',
  workspace: JSON.parse(mount) as WorkspaceMount,
  commands: [
    `(setsid sh -c 'trap "" TERM HUP; sleep ${marker} & sleep ${marker}' &); (sleep ${marker} &) `,
    `trap "" TERM HUP; echo running; sleep ${marker}; sleep ${marker}`,
  ],
  env: {},
  image: '',
  network: 'egress',
  timeoutMs: 600_000,
  limits: defaultLimits,
});
for await (const chunk of execution.output) process.stdout.write(chunk);
