// npm run demo: makes a project from deploy/sample, pushes it with stock git, follows its pipeline to the end and then
// the deployer, until the sample runs at an address.
// With --start-only it ends as soon as the pipeline is there and prints where, as one line of JSON (the button of the web).
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DemoError, findSlipway } from './lib/demo-client.mjs';
import { followDeployment } from './lib/demo-deploy.mjs';
import { followPipeline, painter, waitForPipeline } from './lib/demo-follow.mjs';
import { createProject, pushFolder } from './lib/demo-project.mjs';
import { plainLine } from './lib/plain-line.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const paint = painter(process.stdout.isTTY === true && !process.env.NO_COLOR);
const print = (line) => console.log(line);

async function main() {
  const client = await findSlipway(process.env, root);
  const me = await client.need('GET', '/api/v1/auth/me');
  const owner = me.name;
  const name = await createProject(client);
  const project = `${owner}/${name}`;
  print(`Project ${paint(1, project)} is made. Pushing deploy/sample with git …`);

  const sha = await pushFolder({
    folder: join(root, 'deploy/sample'),
    url: `${client.base}/${project}.git`,
    branch: 'main',
    gitEnvironment: client.gitEnvironment(owner),
  });
  const { id, number } = await waitForPipeline(client, project, sha);
  if (process.argv.includes('--start-only')) {
    print(JSON.stringify({ owner, name, pipelineId: id, number }));
    return 0;
  }
  const page = `${client.base}/pipelines/${id}`;
  print(`Pushed ${sha.slice(0, 8)}. Pipeline ${number} runs: ${paint(4, page)}\n`);

  const ended = await followPipeline({ client, id, print, paint });
  print(summary(ended, page));
  if (ended.status !== 'success') return 1;
  print('');
  const deployed = await followDeployment({ client, project, print, paint });
  if (deployed === null) return 0;
  print(
    deployed.serves
      ? `\n${paint('1;32', 'It runs:')} ${deployed.url}\n${client.base}/deployments`
      : `\n${paint('1;31', 'It does not run.')} ${client.base}/deployments says why.`,
  );
  return deployed.serves ? 0 : 1;
}

function summary({ status, error, steps }, page) {
  const passed = steps.filter((step) => step.status === 'success').length;
  const counts = `${passed} of ${steps.length} steps passed`;
  const head =
    status === 'success'
      ? paint('1;32', `Green: ${counts}.`)
      : paint('1;31', `Red: the pipeline ended as "${status}", ${counts}.`);
  return ['', head, error === null ? null : error.split('\n').map(plainLine).join('\n'), page]
    .filter((line) => typeof line === 'string')
    .join('\n');
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error instanceof DemoError ? error.message : error);
    process.exitCode = 1;
  },
);
