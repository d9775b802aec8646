import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import * as workflows from '../../workflows/core.bundle.ts';
import { bundleWorkflows } from '../support/workflow-bundle.mjs';

interface HistoryEvent {
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}
interface RecordedCase {
  /** the id it ran under; ids that a workflow derives from its own must come out the same */
  workflowId: string;
  history: { events: HistoryEvent[] };
}

const folder = join(import.meta.dirname, '../histories');
const types = Object.keys(workflows);
const cases = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) =>
    readdirSync(join(folder, entry.name))
      .filter((name) => name.endsWith('.json'))
      .map((name) => ({ type: entry.name, name, path: join(folder, entry.name, name) })),
  );

let bundle: { code: string };
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundle = await bundleWorkflows();
}, 240_000);

function read(path: string): RecordedCase {
  return JSON.parse(readFileSync(path, 'utf8')) as RecordedCase;
}

function replay({ workflowId, history }: RecordedCase): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle: bundle }, history, workflowId);
}

/** Exchanges the types of the first two scheduled activities that differ, as if the code had been reordered. */
function swapActivities(recorded: RecordedCase): RecordedCase {
  const copy = structuredClone(recorded);
  const scheduled = copy.history.events.flatMap(
    (event) => event.activityTaskScheduledEventAttributes ?? [],
  );
  const [first] = scheduled;
  const second = scheduled.find((other) => other.activityType.name !== first?.activityType.name);
  if (!first || !second) throw new Error('the history has no two different activities');
  [first.activityType, second.activityType] = [second.activityType, first.activityType];
  return copy;
}

describe('recorded histories', () => {
  it.each(cases)(
    'of $type replay with the code of today: $name',
    async ({ path }) => {
      await expect(replay(read(path))).resolves.toBeUndefined();
    },
    240_000,
  );

  it('exist for every workflow type that a worker offers', () => {
    const recorded = new Set(cases.map(({ type }) => type));
    expect(types.filter((type) => !recorded.has(type))).toEqual([]);
    expect(types.length).toBeGreaterThan(0);
  });

  it.each([...new Set(cases.map(({ type }) => type))])(
    'of %s are refused when two activities change places',
    async (type) => {
      const swappable = cases
        .filter((recorded) => recorded.type === type)
        .map(({ path }) => read(path))
        .find(({ history }) => {
          const names = history.events.flatMap(
            (event) => event.activityTaskScheduledEventAttributes?.activityType.name ?? [],
          );
          return new Set(names).size > 1;
        });
      if (!swappable) throw new Error(`no history of ${type} has two different activities`);
      await expect(replay(swapActivities(swappable))).rejects.toThrow(DeterminismViolationError);
    },
    240_000,
  );
});
