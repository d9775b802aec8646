import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { deploymentScenarios } from './deployment-scenarios.mjs';
import { previewScenarios } from './preview-scenarios.mjs';

/*
 * Runs worth keeping: each takes another way through its workflow. The activities answer from a script; the workflow,
 * the server and the signals are real.
 */

const hostQueue = 'build-recording';

function step(name, needs, more = {}) {
  return {
    name,
    kind: 'command',
    image: 'node:20',
    commands: ['true'],
    needs,
    env: {},
    secrets: [],
    retries: 0,
    timeoutMs: 60_000,
    network: 'none',
    artifacts: [],
    gate: null,
    skipReason: null,
    allowFailure: false,
    ...more,
  };
}

const gate = (name, needs) =>
  step(name, needs, {
    kind: 'gate',
    commands: [],
    gate: { approvals: 1, by: 'pipeline:run', expiresMs: 3_600_000 },
  });

const diamond = [
  step('build', []),
  step('lint', ['build']),
  step('test', ['build'], { retries: 1 }),
  step('package', ['lint', 'test']),
];

const three = [step('build', []), step('test', ['build'], { retries: 1 }), step('ship', ['test'])];

const passed = { status: 'success', exitCode: 0, reason: null, durationMs: 12 };
const failed = { status: 'failure', exitCode: 1, reason: 'exit code 1', durationMs: 12 };

/** Waits like a long command does, and ends when the run is cancelled. */
async function untilCancelled() {
  const context = Context.current();
  for (;;) {
    context.heartbeat();
    await Promise.race([sleep(200), context.cancelled]);
  }
}

/** Says nothing the first time, as one whose worker was killed. */
function lostOnce() {
  let begun = 0;
  return () => ((begun += 1) === 1 ? Context.current().cancelled : passed);
}

function lostOnceAt(lostName) {
  const lose = lostOnce();
  return ({ step: name }) => (name === lostName ? lose() : passed);
}

/**
 * @typedef {object} Scenario
 * @property {string} type the workflow
 * @property {string} workflowId
 * @property {object} input
 * @property {object} activities
 * @property {(handle: import('@temporalio/client').WorkflowHandle) => Promise<void>} [drive] signals while it runs
 */

const pipelineRuns = {
  'diamond-with-a-retry': {
    steps: diamond,
    runStep: ({ step: name, tryNumber }) => (name === 'test' && tryNumber === 1 ? failed : passed),
  },
  'failure-skips-what-needs-it': {
    steps: [...diamond, step('notes', ['build'], { allowFailure: true })],
    runStep: ({ step: name }) => (name === 'test' || name === 'notes' ? failed : passed),
  },
  'gate-approved': {
    steps: [step('build', []), gate('approve', ['build']), step('ship', ['approve'])],
    drive: async (handle, rows) => {
      await waitForStep(handle, 'approve', 'waiting');
      rows.gate = { status: 'approved', decisions: [] };
      await handle.signal('decideGate');
    },
  },
  'gate-forged-then-approved-in-its-row': {
    steps: [step('build', []), gate('approve', ['build']), step('ship', ['approve'])],
    drive: async (handle, rows) => {
      await waitForStep(handle, 'approve', 'waiting');
      const forged = { gateId: 'gat_recording', deciderId: 'usr_forged', reason: null };
      await handle.signal('decideGate', { ...forged, decision: 'approve' });
      await sleep(500);
      rows.gate = { status: 'approved', decisions: [] };
      await handle.signal('decideGate');
    },
  },
  'requests-read-from-the-row': {
    steps: [step('build', []), step('test', ['build'])],
    runStep: async () => {
      await sleep(1500);
      return passed;
    },
    drive: async (handle, rows) => {
      await waitForStep(handle, 'build', 'running');
      await handle.signal('cancelRun');
      rows.asked = { isCancelled: false, isPaused: true };
      await handle.signal('pauseRun');
      await sleep(2500);
      rows.asked = { isCancelled: true, isPaused: true };
      await handle.signal('cancelRun');
    },
  },
  'gate-overtaken-by-a-newer-run': {
    steps: [step('build', []), gate('approve', ['build']), step('ship', ['approve'])],
    drive: async (handle, rows) => {
      await waitForStep(handle, 'approve', 'waiting');
      rows.gate = { status: 'void', decisions: [] };
      await handle.signal('decideGate');
    },
  },
  'cancelled-while-its-gate-opens': {
    steps: [gate('approve', []), step('ship', ['approve'])],
    openGateMs: 3000,
    drive: async (handle, rows) => {
      await waitForStep(handle, 'approve', 'waiting');
      rows.asked = { isCancelled: true, isPaused: false };
      await handle.signal('cancelRun');
    },
  },
  'cancelled-while-a-step-runs': {
    steps: diamond,
    runStep: ({ step: name }) => (name === 'lint' ? untilCancelled() : passed),
    drive: async (handle, rows) => {
      await waitForStep(handle, 'lint', 'running');
      rows.asked = { isCancelled: true, isPaused: false };
      await handle.signal('cancelRun');
    },
  },
  'paused-and-resumed': {
    steps: [step('build', []), step('test', ['build'])],
    runStep: async () => {
      await sleep(1500);
      return passed;
    },
    drive: async (handle, rows) => {
      await waitForStep(handle, 'build', 'running');
      rows.asked = { isCancelled: false, isPaused: true };
      await handle.signal('pauseRun');
      await sleep(2500);
      rows.asked = { isCancelled: false, isPaused: false };
      await handle.signal('resumeRun');
    },
  },
  'ended-before-its-first-step': { steps: null },
  'preparation-lost-three-times': { prepare: () => Context.current().cancelled },
  'step-lost-once': {
    steps: [step('build', [])],
    runStep: lostOnce(),
    lost: { ended: [], atWork: 'build' },
  },
  'row-ended-with-its-run': { steps: three },
  'row-with-a-retry': {
    steps: three,
    runStep: ({ step: name, tryNumber }) => (name === 'test' && tryNumber === 1 ? failed : passed),
  },
  'row-lost-in-its-middle': {
    steps: three,
    runStep: lostOnceAt('test'),
    lost: { ended: [{ ...passed, step: 'build' }], atWork: 'test' },
  },
  'row-held-for-a-pause': {
    steps: three,
    // The row says so before its workflow has heard of it.
    held: ({ steps }, rows) => {
      if (steps.length < 3) return false;
      rows.asked = { isCancelled: false, isPaused: true };
      return true;
    },
    drive: async (handle, rows) => {
      await waitForStep(handle, 'build', 'success');
      await sleep(500);
      rows.asked = { isCancelled: false, isPaused: false };
      await handle.signal('resumeRun');
    },
  },
};

async function waitForStep(handle, name, status) {
  for (let tries = 0; tries < 200; tries += 1) {
    const { steps } = await handle.query('runState');
    if (steps.some((found) => found.name === name && found.status === status)) return;
    await sleep(50);
  }
  throw new Error(`step ${name} did not become ${status}`);
}

const nothing = async () => undefined;

/** Steps one after another, each by the script, as the activity does. */
async function inARow({ steps, tryNumber, isRest }, runStep) {
  const results = [];
  for (const [at, { name }] of steps.entries()) {
    const result = await runStep({ step: name, tryNumber: at === 0 ? tryNumber : 1 });
    results.push({ ...result, step: name });
    if (result.status !== 'success') return { results, ended: null };
  }
  return { results, ended: isRest ? 'success' : null };
}

/** A pipeline run with these steps: what `preparePipeline` answers, null when there is nothing to run. */
function pipelineRun(name, { steps, prepare, runStep, drive, lost, held, openGateMs = 0 }) {
  /** what the rows say, for whoever is woken */
  const rows = {
    gate: { status: 'open', decisions: [] },
    asked: { isCancelled: false, isPaused: false },
  };
  return {
    type: 'pipelineRunWorkflow',
    workflowId: `pipeline-run:run_${name.replaceAll('-', '')}`,
    input: { pipelineId: `run_${name}`, projectId: 'prj_recording', changeId: 'chg_recording' },
    activities: {
      preparePipeline: prepare ?? (async () => steps && { plan: { steps }, hostQueue }),
      runSteps: (input) =>
        held?.(input, rows) === true
          ? { results: [{ ...passed, step: input.steps[0].name }], ended: null }
          : inARow(input, async (asked) => runStep?.(asked) ?? passed),
      readEndedSteps: async () => lost,
      removeWorkspace: nothing,
      settleSteps: nothing,
      setPaused: nothing,
      finishPipeline: nothing,
      openGate: async () => {
        await sleep(openGateMs);
        return {
          gateId: 'gat_recording',
          quorum: 1,
          expiresMs: 3_600_000,
          status: 'open',
          decisions: [],
        };
      },
      settleGate: async () => ({ ...rows.gate, expiresMs: 3_600_000 }),
      closeGate: async ({ status }) => ({ status, decisions: [], expiresMs: 1 }),
      readRunRequests: async () => rows.asked,
    },
    drive: drive && ((handle) => drive(handle, rows)),
  };
}

const repositoryCare = {
  type: 'repositoryCareWorkflow',
  workflowId: 'repository-care',
  input: { fsck: true, after: null },
  activities: {
    listRepositories: async ({ after }) => ({
      projectIds: { null: ['prj_1', 'prj_2'], prj_2: ['prj_3'] }[String(after)] ?? [],
    }),
    careForRepository: async ({ projectId }) => {
      if (projectId === 'prj_2') throw new Error('its disk does not answer');
      return { repairedRefs: 1, sweptQuarantines: 0, damaged: projectId === 'prj_3' };
    },
  },
};

let batches = 0;
let leftBatches = 0;
const retention = {
  type: 'retentionWorkflow',
  workflowId: 'retention',
  activities: {
    removeOldEvents: async () => ({ removed: 12 }),
    removeOldIdempotencyKeys: async () => ({ removed: 3 }),
    removeExpiredArtifacts: async () => ({ removed: 5, more: (batches += 1) < 3 }),
    removeLeftObjects: async () => ({ removed: 4, more: (leftBatches += 1) < 2 }),
  },
};

const mismatch = { kind: 'pipeline', pipelineId: 'run_1', stepId: null, dbStatus: 'running' };
const reconcile = {
  type: 'reconcileWorkflow',
  workflowId: 'reconcile',
  activities: {
    findMismatches: async ({ after }) =>
      after === null
        ? { checked: 50, mismatches: [], next: 'run_50' }
        : { checked: 3, mismatches: [{ ...mismatch, engineStatus: 'failure' }], next: null },
    repairMismatches: async ({ mismatches }) => ({ repaired: mismatches.length }),
    findDeploymentMismatches: async ({ after }) =>
      after === null
        ? { checked: 200, mismatches: [], next: 'dep_200' }
        : { checked: 1, mismatches: [{ kind: 'deployment', deploymentId: 'dep_201' }], next: null },
    repairDeploymentMismatches: async ({ mismatches }) => ({ repaired: mismatches.length }),
    retryCommands: async () => ({ repaired: 0 }),
  },
};

let left = 2;
const delivery = {
  type: 'deliveryWorkflow',
  workflowId: 'delivery:whk_recording',
  input: { subscription: 'whk_recording' },
  activities: {
    // One that has to wait for its next try, two that are sent, then nothing more.
    nextDelivery: async () => {
      if (left === 2) return { deliveryId: 'dlv_1', waitMs: left-- && 300 };
      return left >= 0 ? { deliveryId: `dlv_${left}`, waitMs: 0 } : null;
    },
    sendDelivery: async () => void (left -= 1),
  },
  drive: (handle) => handle.signal('wakeDelivery'),
};

/** @type {Record<string, Scenario>} */
export const scenarios = {
  ...Object.fromEntries(
    Object.entries(pipelineRuns).map(([name, run]) => [name, pipelineRun(name, run)]),
  ),
  ...deploymentScenarios,
  ...previewScenarios,
  'care-with-one-that-fails': repositoryCare,
  'retention-in-three-batches': retention,
  'retention-of-left-objects': retention,
  'deliveries-in-order': delivery,
  'reconcile-with-a-repair': reconcile,
};

/** Queues that a recording has to serve. */
export const recordedQueues = ['core', 'build', 'git', 'notify', 'deploy-local', hostQueue];
