import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createDeployEffects, createDeployRecords } from '../../activities/deploy/index.ts';
import { usualPatience } from '../../activities/patience.ts';
import { createBuildActivities, createPipelineRecords } from '../../activities/pipeline/index.ts';
import { DomainError, type ProblemCode } from '../../contracts/problems.ts';
import type { PipelinePlan, StepPlan } from '../../contracts/pipeline/types.ts';
import { taskQueues } from '../../contracts/task-queues.ts';
import { beginRun } from '../../domain/pipeline/begin-run.ts';
import type { Deployment, Pipeline } from '../../prisma/generated/client.ts';
import { createTestProject, createTestUser } from '../support/callers.ts';
import { type EntityHost, makeDeployment, openEntityHost } from '../support/entity-steps.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { makeRun } from '../support/notify-steps.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

jest.setTimeout(120_000);

/** As usual, only brisk: Temporal tries again a second later at the soonest, so most have fewer tries. */
const patience = { tries: usualPatience.tries, firstWaitMs: 1 };
const step = {
  ...{ name: 'build', kind: 'command', image: '', commands: ['true'], needs: [], env: {} },
  ...{ secrets: [], retries: 0, timeoutMs: 60_000, network: 'none', artifacts: [], gate: null },
  ...{ skipReason: null, allowFailure: false },
} as StepPlan;
const plan: PipelinePlan = { steps: [step], deploy: [] };

let database: TestDatabase;
let host: EntityHost;
/** what every try fails with */
let failure: Error;
/** after so many tries it does not fail any more */
let healsAfter = Infinity;
let tries = 0;
/** whether runs are prepared, so that their steps fail */
let isPrepared = false;

function failing(): Promise<never> {
  tries += 1;
  if (tries <= healsAfter) return Promise.reject(failure);
  return Promise.reject(new DomainError('validation_failed', 'There is nothing to render here.'));
}
const nothing = () => Promise.resolve();

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const build = createBuildActivities({
    ...{ db, log, patience, hostQueue: taskQueues.build, share: 1 },
    repositories: { definition: failing, commitMessage: failing },
    workspaces: { beginStep: failing, discardStep: nothing, removeRun: nothing },
    places: { run: failing, enter: () => Promise.resolve(() => undefined) },
    store: createMemoryStore(),
  } as unknown as Parameters<typeof createBuildActivities>[0]);
  const effects = createDeployEffects({
    ...{ db, log, patience, store: createMemoryStore() },
    gitStore: { resolveCommit: failing, exists: failing },
  } as unknown as Parameters<typeof createDeployEffects>[0]);
  host = await openEntityHost(
    db,
    undefined,
    {
      ...createPipelineRecords(db),
      ...createDeployRecords({ db, store: createMemoryStore(), openRevert: nothing }),
      planSync: effects.planSync,
      runSteps: build.runSteps,
      removeWorkspace: nothing,
      preparePipeline: async (input) => {
        if (!isPrepared) return await build.preparePipeline(input);
        const began = await beginRun(db, input.pipelineId, plan);
        return began ? { plan, hostQueue: taskQueues.build, share: 1 } : null;
      },
    },
    [taskQueues.build],
  );
});
afterAll(async () => {
  await host.close();
  await database.drop();
});

async function projectWithCode(): Promise<string> {
  const { db } = database;
  const { id, name } = await createTestProject(db, (await createTestUser(db)).id);
  await db.project.update({ where: { id }, data: { repoPath: `ann/${name}.git` } });
  return id;
}

async function runToItsEnd(error: Error): Promise<Pipeline> {
  const { db } = database;
  [failure, healsAfter, tries] = [error, Infinity, 0];
  const projectId = await projectWithCode();
  const { id, changeId } = await makeRun(db, projectId, { status: 'pending' });
  await db.pipeline.update({ where: { id }, data: { commitSha: 'a'.repeat(40) } });
  await host.client.workflow.execute('pipelineRunWorkflow', {
    workflowId: `ending-run-${id}`,
    taskQueue: taskQueues.core,
    args: [{ pipelineId: id, projectId, changeId }],
  });
  return await db.pipeline.findUniqueOrThrow({ where: { id } });
}

describe('a run', () => {
  it('that cannot be prepared for a reason that nobody knows fails after ten tries, and says so [A-PIPE-05] [A-CORE-10]', async () => {
    const ended = await runToItsEnd(new TypeError('canary of a stack'));
    patience.tries = 3;
    expect(tries).toBe(10);
    expect(ended.status).toBe('failure');
    expect(ended.error).toBe(
      'the run could not be prepared: an error that was not expected, 10 times in a row: the log of the workers has it',
    );
  });

  it.each(['disk_full', 'sealed', 'rate_limited', 'timed_out'] as ProblemCode[])(
    'that cannot be prepared, for something is %s, fails after its last try and says what it was [A-PIPE-05] [A-CORE-10]',
    async (code) => {
      const ended = await runToItsEnd(new DomainError(code, 'It is as it is.'));
      expect(tries).toBe(3);
      expect(ended).toMatchObject({
        status: 'failure',
        error: 'the run could not be prepared: It is as it is. It was tried 3 times.',
      });
    },
  );

  it('whose step cannot be run fails after its last try, and the run and the step say why [A-PIPE-05] [A-CORE-10]', async () => {
    isPrepared = true;
    try {
      const ended = await runToItsEnd(new DomainError('disk_full', 'There is no space left.'));
      expect(tries).toBe(3);
      const reason = 'build: There is no space left. It was tried 3 times.';
      expect(ended).toMatchObject({ status: 'failure', error: reason });
      const where = { pipelineId: ended.id };
      expect(await database.db.pipelineStep.findMany({ where })).toMatchObject([
        { name: 'build', status: 'failure', reason },
      ]);
    } finally {
      isPrepared = false;
    }
  });
});

describe('a rollout', () => {
  async function rollOut(error: Error, heals = Infinity): Promise<Deployment> {
    const { db } = database;
    [failure, healsAfter, tries] = [error, heals, 0];
    const made = await makeDeployment(db, await projectWithCode(), { observedGeneration: 0 });
    const where = { id: made.id };
    await db.deployment.update({ where, data: { commitSha: 'a'.repeat(40) } });
    const { id: deploymentId, projectId, environment } = made;
    const handle = await host.client.workflow.start('deploymentWorkflow', {
      workflowId: `ending-rollout-${deploymentId}`,
      taskQueue: taskQueues.core,
      args: [{ deploymentId, projectId, environment }],
    });
    const ended = await eventually(async () => {
      const found = await db.deployment.findUniqueOrThrow({ where });
      return found.observedGeneration === found.generation ? found : undefined;
    }, 60_000);
    await handle.terminate();
    return ended;
  }

  it('is not refused because others are at work: it is planned when its turn comes [A-DEP-14]', async () => {
    const { statusMessage } = await rollOut(new DomainError('rate_limited', 'Too many.'), 2);
    expect(tries).toBe(3);
    expect(statusMessage).toContain('There is nothing to render here.');
  });

  it.each(['disk_full', 'rate_limited'] as const)(
    'that cannot be planned, for something is %s, is refused after its last try and says why [A-DEP-14] [A-CORE-10]',
    async (code) => {
      const { statusMessage } = await rollOut(new DomainError(code, 'It is as it is.'));
      expect(tries).toBe(3);
      expect(statusMessage).toBe('It is as it is. It was tried 3 times.');
    },
  );
});
