import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { pipelineRunWorkflowId } from '../../contracts/pipeline/ids.ts';
import {
  type CountingProxy,
  type SentStatement,
  startCountingProxy,
} from '../support/counting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { startSlipway, type Slipway } from '../support/slipway.ts';

/*
 * What one pipeline of three trivial steps costs, counted from the recorded push to the end of all that it sets off: the
 * statements of all processes at Postgres, by a proxy before it, and the activities by the history of its workflow.
 */
const most = { statements: 70, transactions: 9, activities: 3 } as const;
/** Readers of events look again and again where a machine is slow: the run with the fewest statements counts. */
const RUNS = 4;

let slipway: Slipway;
let proxy: CountingProxy;
let work: WorkTree;
let cost: Cost;

interface Cost {
  sent: SentStatement[];
  transactions: number;
  activities: string[];
}

beforeAll(async () => {
  slipway = await startSlipway({
    env: { LOG_LEVEL: 'warn' },
    databaseThrough: async (databaseUrl) => {
      proxy = await startCountingProxy(databaseUrl);
      return proxy.url;
    },
  });
  await slipway.request('POST', '/api/v1/projects', { name: 'counted' });
  work = await makeWorkTree(`${slipway.baseUrl}/admin/counted.git`, slipway.adminToken);
  const step = (name: string) => `  - { name: ${name}, network: none, commands: ["true"] }\n`;
  await work.write({ '.platform.yaml': `steps:\n${step('a')}${step('b')}${step('c')}` });
  const costs: Cost[] = [];
  for (let run = 0; run < RUNS; run += 1) costs.push(await costOfPush());
  [cost] = costs.sort((a, b) => a.sent.length - b.sent.length) as [Cost];
}, 240_000);
afterAll(async () => {
  await work.remove();
  await slipway.stop();
  await proxy.close();
}, 240_000);

/** Pushes a commit and waits for the end of its run, and until all consumers have heard of it. */
async function costOfPush(): Promise<Cost> {
  await work.write({ n: String(Math.random()) });
  const commitSha = await work.commit('counted');
  const from = proxy.sent.length;
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
  const { id } = await eventually(async () => {
    const where = { commitSha, status: 'success' };
    return (await slipway.database.db.pipeline.findFirst({ where })) ?? undefined;
  }, 120_000);
  await eventually(async () => ((await countBehind()) === 0 ? true : undefined));
  const all = proxy.sent.slice(from);
  const recorded = all.findIndex(
    ({ sql, values }) => sql.includes('INSERT INTO events') && values.includes('git.pushed'),
  );
  const sent = withoutLooks(all.slice(recorded));
  const transactions = sent.filter(({ sql }) => sql === 'COMMIT').length;
  return { sent, transactions, activities: await activitiesOf(id) };
}

/** Consumers of the outbox that have not handled the last event. */
async function countBehind(): Promise<number> {
  const [row] = await slipway.database.db.$queryRaw<{ behind: bigint }[]>`
    SELECT count(*) AS behind FROM event_cursors c
    WHERE EXISTS (SELECT FROM events e WHERE (e.xid, e.seq) > (c.xid, c.seq))`;
  return Number(row?.behind ?? 0n);
}

/** What looks for due work every few seconds, of whatever project, and with it the transaction that it does so in. */
const looksRound = [
  /^UPDATE (ops_repos|deployments) SET (fetch_holder|looked_at)/,
  /^SELECT pg_advisory_xact_lock\(hashtextextended\('slipway:due-merges', 0\)\)/,
  /^WITH first AS \( SELECT DISTINCT ON \(p.owner_id\) m.id, m.auto_merge_due_at/,
];

/** Leaves out a BEGIN and a COMMIT that nothing else stands between. */
function withoutLooks(sent: readonly SentStatement[]): SentStatement[] {
  const kept: SentStatement[] = [];
  /** by connection what was begun there, and nothing was kept of it yet */
  const begun = new Map<number, SentStatement>();
  for (const statement of sent) {
    const { sql, connection } = statement;
    const opening = begun.get(connection);
    if (looksRound.some((pattern) => pattern.test(sql))) continue;
    begun.delete(connection);
    if (sql === 'BEGIN') begun.set(connection, statement);
    else if (opening === undefined) kept.push(statement);
    else if (sql !== 'COMMIT') kept.push(opening, statement);
  }
  return kept;
}

async function activitiesOf(pipelineId: string): Promise<string[]> {
  const { address, namespace } = slipway.temporal;
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection, namespace });
  const { events } = await workflow.getHandle(pipelineRunWorkflowId(pipelineId)).fetchHistory();
  await connection.close();
  return (events ?? []).flatMap(
    ({ activityTaskScheduledEventAttributes: asked }) => asked?.activityType?.name ?? [],
  );
}

/** The statements by how often they were sent, for whoever has to find out what has become of them. */
function tableOf({ sent }: Cost): string {
  const counts = new Map<string, number>();
  for (const { sql } of sent) counts.set(sql, (counts.get(sql) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([sql, count]) => `${String(count).padStart(4)}  ${sql.slice(0, 160)}`)
    .join('\n');
}

describe('one pipeline of three trivial steps', () => {
  it('takes no more statements and transactions, of all processes, than so many [A-PIPE-02]', () => {
    const { sent, transactions } = cost;
    const found = { statements: sent.length, transactions };
    const isCheap = sent.length <= most.statements && transactions <= most.transactions;
    expect(isCheap ? '' : `${JSON.stringify(found)}\n${tableOf(cost)}`).toBe('');
  });

  it('takes an activity that prepares it and one that runs its steps and ends it [A-PIPE-02]', () => {
    expect(cost.activities).toEqual(['preparePipeline', 'runSteps']);
    expect(cost.activities.length).toBeLessThanOrEqual(most.activities);
  });
});
