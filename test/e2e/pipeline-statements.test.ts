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
const most = { statements: 60, transactions: 2, activities: 3 } as const;
/** What looks round by itself falls into a run now and then: the run with the fewest statements counts. */
const RUNS = 3;

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
  const sent = withoutReaders(all.slice(recorded));
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

/** What reads the outbox and looks for due work, which is not of this run alone, and depends on how many events come at once. */
const ofReaders = [
  /event_cursors|FROM events|pg_try_advisory_xact_lock|next_events|settled_event_seq|slipway:due-merges|auto_merge_due_at/,
  /^UPDATE (ops_repos|deployments) SET (fetch_holder|looked_at)/,
];

/** Statements of transactions that read nothing but the outbox are left out, with their BEGIN and COMMIT. */
function withoutReaders(sent: readonly SentStatement[]): SentStatement[] {
  const kept: SentStatement[] = [];
  /** by connection what was begun there and may yet turn out to be a reader's */
  const begun = new Map<number, SentStatement>();
  for (const statement of sent) {
    const { sql, connection } = statement;
    const opening = begun.get(connection);
    if (sql === 'BEGIN') begun.set(connection, statement);
    else if (sql === 'COMMIT' && opening !== undefined) begun.delete(connection);
    else if (
      !ofReaders.some((pattern) => pattern.test(sql)) &&
      !sql.startsWith('SET TRANSACTION')
    ) {
      if (opening !== undefined) kept.push(opening);
      begun.delete(connection);
      kept.push(statement);
    }
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
  it('takes no more statements and transactions than it has facts to tell [A-PIPE-02]', () => {
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
