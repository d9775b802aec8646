import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { appFiles, deploymentWhen, isSettled } from '../support/deployable.ts';
import { eventually, holds } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { removeFolder } from '../support/remove-folder.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';
import { createTestToken } from '../support/test-api.ts';

const project = 'admin/app';
const canary = 'canary-of-the-cluster-5521';

/** What tells a way into a cluster, for a step and for the application. */
const look = `import { existsSync, readFileSync } from 'node:fs';
const files = [process.env.KUBECONFIG, '/var/run/secrets/kubernetes.io/serviceaccount/token',
  '/run/secrets/kubernetes.io/serviceaccount/token', process.env.HOME + '/.kube/config', '/root/.kube/config',
  '/etc/kubernetes/admin.conf', FOLDER + '/kubeconfig'];
export const found = [
  ...Object.keys(process.env).filter((name) => /KUBE/i.test(name)),
  ...files.filter((file) => file && existsSync(file)),
  ...(JSON.stringify(process.env).includes('${canary}') ? ['the token'] : []),
  ...(readFileSync('/proc/self/mountinfo', 'utf8').match(/kube\\S*/g) ?? []),
];
`;

let slipway: Slipway;
let folder: string;
let work: WorkTree;
let agent: { id: string; token: string };

const must = async (method: string, pathname: string, body?: unknown, token?: string) => {
  const answer = await slipway.request(method, pathname, body, token);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body as Record<string, unknown>;
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway-cluster-'));
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'live',
      clusters: [{ name: 'live', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'deployer', user: { token: canary } }],
      contexts: [{ name: 'live', context: { cluster: 'live', user: 'deployer' } }],
    }),
  );
  slipway = await startSlipway({
    workersEnv: {
      SLIPWAY_KUBERNETES_KUBECONFIG: kubeconfig,
      KUBECONFIG: kubeconfig,
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBE_TOKEN: canary,
      // listed by mistake: what leads to a cluster is not passed on all the same
      SLIPWAY_EXECUTOR_PASS_ENV: 'KUBECONFIG,KUBERNETES_SERVICE_HOST,SLIPWAY_KUBERNETES_KUBECONFIG',
    },
  });
  await must('POST', '/api/v1/projects', { name: 'app' });
  const { id: projectId } = await must('GET', `/api/v1/projects/${project}`);
  const made = await must('POST', '/api/v1/users', {
    name: 'helper',
    email: 'helper@example.test',
    kind: 'agent',
  });
  const id = String(made['id']);
  agent = { id, token: (await createTestToken(slipway.database.db, id)).token };
  await must('POST', '/api/v1/role-bindings', { user: 'helper', role: 'agent' });
  for (const permission of ['project:write', 'deploy:read', 'deploy:promote']) {
    await must('POST', '/api/v1/delegations', { delegate: 'helper', permission, projectId });
  }
  work = await makeWorkTree(`${slipway.baseUrl}/${project}.git`, agent.token);
});

afterAll(async () => {
  await work?.remove();
  await slipway?.stop();
  await removeFolder(folder);
});

/** The application, which answers with what it finds of a cluster; its pipeline looks first. */
async function pushAsAgent(): Promise<string> {
  const files = appFiles('agent');
  const server = (files['server.mjs'] ?? '').replace(
    'const VERSION = "agent"',
    "import { found } from './look.mjs';\nconst VERSION = JSON.stringify(found)",
  );
  const definition = (files['.platform.yaml'] ?? '').replace(
    'commands: [tar -czf app.tgz server.mjs]',
    'commands: [\'node -e "import(\\"./look.mjs\\").then((m) => console.log(JSON.stringify({ found: m.found })))"\', tar -czf app.tgz server.mjs look.mjs]',
  );
  await work.write({
    ...files,
    'server.mjs': server,
    '.platform.yaml': definition,
    'look.mjs': look.replace('FOLDER', JSON.stringify(folder)),
  });
  const sha = await work.commit('agent');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  return sha;
}

describe('an agent that deploys', () => {
  it('does so by a push and by the API without a way into any cluster: neither its steps nor the application nor its token hold one, deploy workers alone do [A-DEP-12]', async () => {
    const sha = await pushAsAgent();
    const run = await eventually(async () => {
      const page = await must('GET', `/api/v1/projects/${project}/pipelines`);
      const items = page['items'] as { id: string; commitSha: string }[];
      return items.find((one) => one.commitSha === sha);
    });
    const deployment = await deploymentWhen(slipway, project, isSettled);
    expect(deployment.currentStatus).toBe('healthy');
    const log = await slipway.request('GET', `/api/v1/pipelines/${run.id}/steps/package/logs`);
    expect(log.body).toContain('\n{"found":[]}\n');
    const address = deployment.addresses[0]?.url ?? '';
    await holds(async () => expect(await (await fetch(address)).text()).toBe('[]'));

    const base = `/api/v1/deployments/${deployment.id}`;
    await must('POST', `${base}/scale`, { replicas: 2 }, agent.token);
    const after = await deploymentWhen(
      slipway,
      project,
      (found) => isSettled(found) && found.lastSync?.action === 'scale',
    );
    expect(after.lastSync?.status).toBe('succeeded');
    const shown = [base, `${base}/syncs`, `${base}/history`, '/api/v1/auth/me'];
    for (const pathname of shown) {
      const answer = await slipway.request('GET', pathname, undefined, agent.token);
      expect(JSON.stringify(answer.body)).not.toMatch(/kubeconfig|canary-of-the-cluster/i);
    }
    const changed = await slipway.request('PATCH', base, { imageRef: 'x' }, agent.token);
    expect(changed.status).toBe(403);

    const environmentOf = async (which: 'api' | 'workers') =>
      await readFile(`/proc/${String(slipway.pid(which))}/environ`, 'utf8');
    expect(await environmentOf('api')).not.toMatch(/KUBE/);
    expect(await environmentOf('workers')).toContain('SLIPWAY_KUBERNETES_KUBECONFIG');
    expect(slipway.output()).not.toContain(canary);
  });
});
