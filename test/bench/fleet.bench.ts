import { Client, Connection } from '@temporalio/client';
import { connectToKube } from '../../adapters/kubernetes/kube-connection.ts';
import { keepFigures, machineNow, type PartUsage, spread, usageByPart } from '../support/bench.ts';
import { eventually } from '../support/eventually.ts';
import { fleetFiles } from '../support/fleet.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import setup from '../support/global-setup.ts';
import teardown from '../support/global-teardown.ts';
import { nodeManifest, startCluster } from '../support/kubernetes/cluster.ts';
import { findProgram } from '../support/kubernetes/programs.mjs';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * A fleet on one platform of two cores: many deployments that nobody touches, then a push to an ops repository that a part
 * of them follow, all of which roll out at once. Real API server and controllers; kwok plays nodes and pods (without it
 * there are no pods, and the manifests hold nothing that needs any). What Temporal writes is counted in events of all
 * histories; CPU and memory are those of every process beneath this one, by part.
 */
const DEPLOYMENTS = Number(process.env['BENCH_DEPLOYMENTS'] ?? 500);
const AT_ONCE = Number(process.env['BENCH_AT_ONCE'] ?? 50);
const IDLE_SECONDS = Number(process.env['BENCH_IDLE_SECONDS'] ?? 120);
const UP_WITHIN_MS = 15 * 60_000;

const parts = {
  kubernetes: /kube-|kwok|etcd/,
  temporal: /temporal /,
  postgres: /postgres/,
  workers: /dist\/workers\.mjs/,
  api: /dist\/api\.mjs/,
} as const;
type Part = keyof typeof parts;

interface Stretch {
  seconds: number;
  temporalEventsPerMinute: number;
  /** of one core */
  cpuPercent: Record<Part, number>;
  residentMb: Record<Part, number>;
}

/** Events of all histories of the namespace. */
async function countEvents(client: Client): Promise<number> {
  let events = 0;
  const running: Promise<void>[] = [];
  for await (const execution of client.workflow.list()) {
    if (execution.status.name !== 'RUNNING') {
      events += execution.historyLength;
      continue;
    }
    const handle = client.workflow.getHandle(execution.workflowId, execution.runId);
    running.push(
      handle.describe().then(({ historyLength }) => {
        events += historyLength;
      }),
    );
  }
  await Promise.all(running);
  return events;
}

/** What a stretch of work costs. */
async function measure(client: Client, work: () => Promise<void>): Promise<Stretch> {
  const eventsBefore = await countEvents(client);
  const before = usageByPart(parts);
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1000;
  const after = usageByPart(parts);
  const events = (await countEvents(client)) - eventsBefore;
  const names = Object.keys(parts) as Part[];
  const of = (figure: (part: Part) => number) =>
    Object.fromEntries(names.map((part) => [part, Math.round(figure(part))])) as Record<
      Part,
      number
    >;
  const spent = (part: Part) => after[part].cpuSeconds - before[part].cpuSeconds;
  const held = (usage: PartUsage) => usage.residentMb;
  return {
    seconds: Math.round(seconds),
    temporalEventsPerMinute: Math.round((events / seconds) * 60),
    cpuPercent: of((part) => (spent(part) / seconds) * 100),
    residentMb: of((part) => held(after[part])),
  };
}

const must = async (answer: Promise<{ status: number; body: unknown }>) => {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(JSON.stringify(body));
  return body as { id: string };
};

/** An ops repository that `AT_ONCE` deployments follow. */
async function makeOps(slipway: Slipway, name: string, withPods: boolean) {
  await must(slipway.request('POST', '/api/v1/projects', { name }));
  const work = await makeWorkTree(`${slipway.baseUrl}/admin/${name}.git`, slipway.adminToken);
  await work.write(fleetFiles({ withPods, round: 0 }));
  await work.commit('manifests');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const body = { name, repoUrl: `/admin/${name}.git` };
  const { id } = await must(slipway.request('POST', '/api/v1/ops-repos', body));
  return { id, work };
}

/** Waits until all deployments, or those of `opsRepoId`, serve what they should. */
async function untilServed(slipway: Slipway, ids: readonly string[], sync: number): Promise<void> {
  const { db } = slipway.database;
  await eventually(async () => {
    const done = await db.deploymentSync.count({
      where: { deploymentId: { in: [...ids] }, number: sync, status: 'succeeded' },
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    return done === ids.length ? true : undefined;
  }, UP_WITHIN_MS);
}

async function bringUp(slipway: Slipway, withPods: boolean) {
  const groups: { work: WorkTree; ids: string[] }[] = [];
  for (let first = 0; first < DEPLOYMENTS; first += AT_ONCE) {
    const ops = await makeOps(slipway, `ops-${String(first)}`, withPods);
    const ids: string[] = [];
    for (let n = first; n < Math.min(first + AT_ONCE, DEPLOYMENTS); n += 2) {
      await must(slipway.request('POST', '/api/v1/projects', { name: `app-${String(n)}` }));
      for (const environment of ['staging', 'production'].slice(0, DEPLOYMENTS - n)) {
        const made = await must(
          slipway.request('POST', `/api/v1/projects/admin/app-${String(n)}/deployments`, {
            environment,
            imageRef: 'slipway.test/app:1',
            target: 'kubernetes',
            opsRepoId: ops.id,
            manifestPath: 'apps/app',
            bakeSeconds: 0,
          }),
        );
        ids.push(made.id);
      }
    }
    groups.push({ work: ops.work, ids });
  }
  const began = performance.now();
  await untilServed(
    slipway,
    groups.flatMap(({ ids }) => ids),
    1,
  );
  return { groups, seconds: Math.round((performance.now() - began) / 1000) };
}

/** A push that `ids` follow. @returns ms from the push to the start and to the end of each rollout */
async function rollout(
  slipway: Slipway,
  group: { work: WorkTree; ids: string[] },
  withPods: boolean,
) {
  const { db } = slipway.database;
  await group.work.write(fleetFiles({ withPods, round: 1 }));
  await group.work.commit('round 1');
  await group.work.git('push', '--quiet', 'origin', 'HEAD:main');
  const pushed = await db.event.findFirstOrThrow({
    where: { type: 'git.pushed' },
    orderBy: { seq: 'desc' },
  });
  await untilServed(slipway, group.ids, 2);
  const syncs = await db.deploymentSync.findMany({
    where: { deploymentId: { in: group.ids }, number: 2 },
  });
  const since = (date: Date | null) => (date?.getTime() ?? Number.NaN) - pushed.createdAt.getTime();
  return {
    startedMs: spread(syncs.map(({ startedAt }) => since(startedAt))),
    servedMs: spread(syncs.map(({ finishedAt }) => since(finishedAt))),
  };
}

const machine = machineNow();
const withPods = findProgram('kwok') !== null;
const cluster = await startCluster({ pods: withPods ? 'played' : 'none' });
await setup();
const slipway = await startSlipway({ env: { SLIPWAY_KUBERNETES_KUBECONFIG: cluster.kubeconfig } });
const connection = await Connection.connect({ address: slipway.temporal.address });
try {
  const client = new Client({ connection, namespace: slipway.temporal.namespace });
  if (withPods) {
    const send = await connectToKube({ kubeconfig: cluster.kubeconfig, context: null });
    await send({ method: 'POST', path: '/api/v1/nodes', body: nodeManifest('played-1') });
  }
  const up = await bringUp(slipway, withPods);
  const idle = await measure(
    client,
    () => new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000)),
  );
  let rolledOut: Awaited<ReturnType<typeof rollout>> | null = null;
  const [group] = up.groups;
  const busy = await measure(client, async () => {
    if (group !== undefined) rolledOut = await rollout(slipway, group, withPods);
  });
  for (const { work } of up.groups) await work.remove();
  await keepFigures('fleet', {
    what: `${String(DEPLOYMENTS)} deployments idle, then ${String(AT_ONCE)} rollouts at once by one push`,
    pods: withPods ? 'played by kwok' : 'none: only the API server and its controllers',
    ...machine,
    broughtUpSeconds: up.seconds,
    idle,
    atOnce: { ...busy, ...(rolledOut ?? {}) },
  });
} finally {
  await connection.close();
  await slipway.stop();
  await teardown();
  await cluster.stop();
}
process.exit(0);
