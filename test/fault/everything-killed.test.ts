import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';
import { launchSlipway, serviceNames, type LaunchedSlipway } from '../support/launcher.ts';
import { readServerEvents } from '../support/sse.ts';

const RUNS = 20;
const STEPS = ['one', 'two', 'three'] as const;

/**
 * Every step adds one line to a file and then demands as many lines as steps have run. A second run of a step over the
 * traces of its first one would find one line too many and fail.
 */
const definition = `on: [api]
steps:
${STEPS.map((name, index) => `  - { name: ${name}, network: none, commands: ["echo ${name} >> effects", "sleep 1", "test $(wc -l < effects) = ${String(index + 1)}"] }`).join('\n')}
`;

interface SeenEvent {
  id: string;
  type: string;
  subjectId: string;
  payload: { step?: string; pipelineId?: string; status?: string };
}

let slipway: LaunchedSlipway;
let work: WorkTree;

beforeAll(async () => {
  slipway = await launchSlipway();
  expect((await slipway.request('POST', '/api/v1/projects', { name: 'app' })).status).toBe(201);
  work = await makeWorkTree(`${slipway.baseUrl}/admin/app.git`, slipway.adminToken);
  await work.write({ '.platform.yaml': definition });
  await work.commit('three steps');
  await work.git('push', '--quiet', 'origin', 'HEAD:main');
}, 240_000);

afterAll(async () => {
  await work.remove();
  await slipway.stop();
}, 240_000);

/** Follows all events, across every loss of the connection, and keeps what was acknowledged to us. */
function followEvents(stop: AbortSignal): SeenEvent[] {
  const seen: SeenEvent[] = [];
  let last: string | undefined;
  const follow = async () => {
    while (!stop.aborted) {
      try {
        const options = {
          token: slipway.adminToken,
          signal: stop,
          ...(last === undefined ? {} : { lastEventId: last }),
        };
        for await (const event of readServerEvents(`${slipway.baseUrl}/api/v1/events`, options)) {
          last = event.id ?? last;
          seen.push(JSON.parse(event.data) as SeenEvent);
        }
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  };
  void follow();
  return seen;
}

describe('kill -9 of every part during 20 running pipelines', () => {
  it('finishes all of them, shows no effect twice and loses no event [A-CORE-03] [A-PIPE-03] [A-EVT-04]', async () => {
    const stop = new AbortController();
    const seen = followEvents(stop.signal);
    const ids: string[] = [];
    for (let i = 0; i < RUNS; i += 1) {
      const made = await slipway.request('POST', '/api/v1/projects/admin/app/pipelines', {
        ref: 'main',
      });
      expect(made.status).toBe(201);
      ids.push((made.body as { id: string }).id);
    }
    await eventually(
      async () => (seen.some((event) => event.type === 'step.started') ? true : undefined),
      120_000,
    );
    // after a loss some are told again: they count once
    const completed = () =>
      new Set(seen.filter(({ type }) => type === 'pipeline.completed').map(({ id }) => id));
    let killed = 0;
    for (const name of [...serviceNames, 'workers'] as const) {
      await slipway.kill(name);
      killed += 1;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
    expect(killed).toBe(5);
    const statuses = await eventually(async () => {
      const page = await slipway.request('GET', '/api/v1/projects/admin/app/pipelines?limit=100');
      const runs = (page.body as { items: { id: string; status: string }[] }).items.filter((run) =>
        ids.includes(run.id),
      );
      return runs.length === RUNS &&
        runs.every((run) => !['pending', 'running'].includes(run.status))
        ? runs
        : undefined;
    }, 240_000);
    expect(statuses.map((run) => run.status)).toEqual(Array(RUNS).fill('success'));
    await eventually(async () => (completed().size >= RUNS ? true : undefined), 60_000);
    stop.abort();
    const count = (type: string, of: (event: SeenEvent) => boolean) =>
      new Set(seen.filter((event) => event.type === type && of(event)).map((event) => event.id))
        .size;
    for (const id of ids) {
      expect(count('pipeline.completed', (event) => event.subjectId === id)).toBe(1);
      for (const step of STEPS) {
        expect([
          step,
          count(
            'step.completed',
            (event) => event.payload.pipelineId === id && event.payload.step === step,
          ),
        ]).toEqual([step, 1]);
      }
      expect(count('step.failed', (event) => event.payload.pipelineId === id)).toBe(0);
    }
  }, 420_000);
});
