import { newId } from '../../domain/shared/new-id.ts';
import type { Prisma } from '../../prisma/generated/client.ts';
import type { AppUnderTest, TestAccount } from './app-under-test.ts';

/** What the calls are made with; read when a call is made, because the application starts after this file is loaded. */
interface Tools {
  sut: () => AppUnderTest;
  admin: () => TestAccount;
  /** makes a thing by the API and answers its id */
  made: (address: string, body: unknown) => Promise<string>;
  fresh: (word: string) => string;
}

type Columns = Prisma.DeploymentUncheckedUpdateInput;

/** A deployment in a project of its own, as its workflow would have left it. */
async function deployment(
  { sut, admin, made, fresh }: Tools,
  columns: Columns = {},
): Promise<string> {
  const { path: at } = await sut().project(admin(), fresh('deployed'));
  const id = await made(`${at}/deployments`, { imageRef: 'registry.example/app:1' });
  const row = (number: number) => ({
    id: newId('deploymentRevision'),
    deploymentId: id,
    number,
    contentKey: `key-${String(number)}`,
    imageRef: 'registry.example/app:1',
    manifestsRef: `manifests/${String(number)}`,
    status: 'good',
    goodAt: new Date(),
  });
  const [first, second] = [row(1), row(2)];
  await sut().db.deploymentRevision.createMany({ data: [first, second] });
  await sut().db.deployment.update({
    where: { id },
    data: { liveRevisionId: second.id, currentStatus: 'healthy', ...columns },
  });
  return id;
}

async function command(tools: Tools, word: string, columns: Columns = {}): Promise<string> {
  return `/api/v1/deployments/${await deployment(tools, columns)}/${word}`;
}

async function rollout(tools: Tools): Promise<string> {
  const { sut } = tools;
  const deploymentId = await deployment(tools);
  const revision = await sut().db.deploymentRevision.findFirstOrThrow({ where: { deploymentId } });
  const { projectId } = await sut().db.deployment.findUniqueOrThrow({
    where: { id: deploymentId },
  });
  const of = { deploymentId, projectId, revisionId: revision.id };
  await sut().db.deploymentSync.create({
    data: { id: newId('deploymentSync'), ...of, number: 1, generation: 1, action: 'deploy' },
  });
  return `/api/v1/deployments/${deploymentId}/abort`;
}

/** A merge request with a preview: the path of what is asked of it. */
async function preview({ sut, admin, fresh }: Tools, word: string): Promise<{ address: string }> {
  const { id: projectId, path } = await sut().project(admin(), fresh('previewed'));
  const mergeRequestId = newId('mergeRequest');
  await sut().db.mergeRequest.create({
    data: {
      id: mergeRequestId,
      projectId,
      number: 1,
      authorId: admin().id,
      sourceBranch: 'topic',
      targetBranch: 'main',
      title: 'topic',
      headSha: 'a'.repeat(40),
      changeId: newId('change'),
    },
  });
  const expiresAt = new Date(Date.now() + 60_000);
  await sut().db.preview.create({ data: { mergeRequestId, projectId, ttlSeconds: 60, expiresAt } });
  return { address: `${path}/merge-requests/1/preview/${word}` };
}

const previews = '/api/v1/projects/{owner}/{project}/merge-requests/{number}/preview';

/** One call for each operation on deployments that changes something. */
export function deployCalls(
  tools: Tools,
): Record<string, () => Promise<{ address: string; body?: unknown }> | { body: unknown }> {
  const { sut, admin, made, fresh } = tools;
  const opsRepo = () => ({ name: fresh('ops'), repoUrl: '/admin/ops.git' });
  const foreignRepo = () => ({ name: fresh('ops'), repoUrl: 'https://git.example.test/ops.git' });
  return {
    [`POST ${previews}/stop`]: () => preview(tools, 'stop'),
    [`POST ${previews}/renew`]: () => preview(tools, 'renew'),
    'POST /api/v1/projects/{owner}/{project}/deployments': async () => ({
      address: `${(await sut().project(admin(), fresh('deployed'))).path}/deployments`,
      body: { imageRef: 'registry.example/app:1' },
    }),
    'PATCH /api/v1/deployments/{id}': async () => ({
      address: `/api/v1/deployments/${await deployment(tools)}`,
      body: { bakeSeconds: 5 },
    }),
    'DELETE /api/v1/deployments/{id}': async () => ({
      address: `/api/v1/deployments/${await deployment(tools)}`,
    }),
    'POST /api/v1/deployments/{id}/sync': async () => ({ address: await command(tools, 'sync') }),
    'POST /api/v1/deployments/{id}/retry': async () => ({
      address: await command(tools, 'retry', { currentStatus: 'degraded', observedGeneration: 1 }),
      body: { reason: 'the target was mended' },
    }),
    'POST /api/v1/deployments/{id}/rollback': async () => ({
      address: await command(tools, 'rollback'),
      body: { revision: 1 },
    }),
    'POST /api/v1/deployments/{id}/promote': async () => ({
      address: await command(tools, 'promote'),
      body: { to: 'staging' },
    }),
    'POST /api/v1/deployments/{id}/stop': async () => ({ address: await command(tools, 'stop') }),
    'POST /api/v1/deployments/{id}/start': async () => ({
      address: await command(tools, 'start', { desiredStatus: 'stopped' }),
    }),
    'POST /api/v1/deployments/{id}/scale': async () => ({
      address: await command(tools, 'scale'),
      body: { replicas: 2 },
    }),
    'POST /api/v1/deployments/{id}/pause': async () => ({ address: await command(tools, 'pause') }),
    'POST /api/v1/deployments/{id}/resume': async () => ({
      address: await command(tools, 'resume', { isPaused: true }),
    }),
    'POST /api/v1/deployments/{id}/abort': async () => ({ address: await rollout(tools) }),
    'POST /api/v1/ops-repos': () => ({ body: opsRepo() }),
    'PATCH /api/v1/ops-repos/{id}': async () => ({
      address: `/api/v1/ops-repos/${await made('/api/v1/ops-repos', foreignRepo())}`,
      body: { branch: 'live' },
    }),
    'POST /api/v1/ops-repos/{id}/fetch': async () => ({
      address: `/api/v1/ops-repos/${await made('/api/v1/ops-repos', foreignRepo())}/fetch`,
    }),
    'DELETE /api/v1/ops-repos/{id}': async () => ({
      address: `/api/v1/ops-repos/${await made('/api/v1/ops-repos', opsRepo())}`,
    }),
  };
}
