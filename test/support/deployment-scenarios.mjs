import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';

/*
 * Histories of the entity of an environment. Rows and target are a few variables here; the workflow, the server and the
 * signals are real.
 */

const wave = (phase, number) => ({ phase, wave: number });
const allWaves = [
  wave('PreSync', 0),
  wave('Sync', -1),
  wave('Sync', 0),
  wave('PostSync', 0),
  wave('SyncFail', 0),
];
const healthy = { healthy: true };

const nothing = async () => undefined;

/** Activities whose answer is nothing. */
const quiet = Object.fromEntries(
  [
    'setSyncStatus',
    'reportContested',
    'refuseDesired',
    'openRevert',
    'forgetDeployment',
    'applyWave',
    'pruneObjects',
    'restorePruned',
    'undoWave',
    'heal',
    'removeAll',
  ].map((name) => [name, nothing]),
);

const plannedOf = ({ generation }) => ({
  kind: 'planned',
  syncId: `dsy_${generation}`,
  number: generation,
  generation,
  revisionId: `drv_${generation}`,
  revisionNumber: generation,
  action: 'deploy',
  waves: allWaves,
  prune: { count: 0, needsPerson: false },
});

/** What the activities answer where a scenario does not say otherwise. */
function scripted(state, desired, plan) {
  return {
    readDesired: async () => ({
      generation: state.generation,
      observedGeneration: state.observed,
      desiredStatus: 'active',
      isPaused: state.isPaused,
      isDeleting: state.isDeleting,
      target: 'local',
      approvals: 0,
      bakeMs: 1000,
      healthTimeoutMs: 60_000,
      selfHeal: true,
      liveRevisionId: null,
      projectId: 'prj_recording',
      changeId: 'chg_recording',
      ...desired,
    }),
    planSync: async () => ({ ...plannedOf(state), ...plan }),
    finishSync: async () => {
      state.observed = state.generation;
    },
    observe: async () => ({ revisionChanged: false, drift: state.drift.splice(0), healthy: true }),
    awaitWave: async () => healthy,
    awaitUndone: async () => healthy,
    watchBake: async () => healthy,
    openGate: async () => ({
      gateId: 'gat_recording',
      quorum: 1,
      expiresMs: 3_600_000,
      status: 'open',
      decisions: [],
    }),
    settleGate: async () => ({ status: state.gate, decisions: [], expiresMs: 3_600_000 }),
    closeGate: async ({ status }) => ({ status, decisions: [], expiresMs: 1 }),
    readAbort: async () =>
      state.abort && { syncId: `dsy_${state.generation}`, reason: state.abort },
    ...quiet,
  };
}

/** A deployment whose desired generations are taken one after another; at the end it is removed. */
function deployment(name, { desired = {}, plan = {}, effects = {}, drive }) {
  const state = {
    generation: 1,
    observed: 0,
    isDeleting: false,
    isPaused: false,
    drift: [],
    gate: 'open',
    abort: null,
  };
  const activities = {
    ...scripted(state, desired, plan),
    ...(typeof effects === 'function' ? effects(state) : effects),
  };
  return {
    type: 'deploymentWorkflow',
    workflowId: `deployment:prj_recording:${name}`,
    input: { deploymentId: `dep_${name}`, projectId: 'prj_recording' },
    activities,
    async drive(handle) {
      await drive?.(handle, state);
      await inPhase(handle, 'idle', () => state.observed === state.generation);
      state.isDeleting = true;
      await handle.signal('desiredChanged');
    },
  };
}

async function inPhase(handle, phase, also = () => true, patienceMs = 20_000) {
  for (let waited = 0; waited < patienceMs; waited += 50) {
    const found = await handle.query('deploymentState').catch(() => null);
    if (found?.phase === phase && also()) return;
    await sleep(50);
  }
  throw new Error(`the deployment did not come to ${phase}`);
}

/** Its row says how the gate ended; the workflow is woken. */
async function decide(handle, state, status) {
  state.gate = status;
  await handle.signal('decideGate');
}

async function abort(handle, state, reason) {
  state.abort = reason;
  await handle.signal('abortSync');
}

export const deploymentScenarios = {
  'rolled-out-and-removed': deployment('good', {}),
  'gate-approved-and-pruned': deployment('gated', {
    desired: { approvals: 1 },
    plan: { prune: { count: 3, needsPerson: true } },
    drive: async (handle, state) => {
      await inPhase(handle, 'waiting');
      await decide(handle, state, 'approved');
    },
  }),
  'gate-rejected': deployment('rejected', {
    desired: { approvals: 1 },
    drive: async (handle, state) => {
      await inPhase(handle, 'waiting');
      await decide(handle, state, 'rejected');
    },
  }),
  'undone-with-hooks': deployment('undone', {
    plan: { prune: { count: 1, needsPerson: false } },
    effects: { watchBake: async () => ({ healthy: false, reason: 'exited with code 1' }) },
  }),
  'undo-that-fails-needs-a-person': deployment('stuck', {
    effects: {
      awaitWave: async ({ phase }) =>
        phase === 'Sync' ? { healthy: false, reason: 'never ready' } : healthy,
      awaitUndone: async () => ({ healthy: false, reason: 'neither' }),
    },
  }),
  'superseded-by-a-newer-generation': deployment('superseded', {
    effects: (state) => ({
      awaitWave: async () => {
        if (state.generation === 1) await sleep(30_000);
        return healthy;
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'syncing');
      await sleep(500);
      await handle.signal('desiredChanged');
      await sleep(500);
      state.generation = 2;
      await handle.signal('desiredChanged');
    },
  }),
  'aborted-by-an-alert': deployment('aborted', {
    effects: (state) => ({
      watchBake: async () => {
        if (state.observed === 0) await sleep(30_000);
        return healthy;
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'baking');
      await abort(handle, state, 'alert: error rate');
    },
  }),
  'aborted-at-its-gate': deployment('gate-aborted', {
    desired: { approvals: 1 },
    drive: async (handle, state) => {
      await inPhase(handle, 'waiting');
      await sleep(500);
      await abort(handle, state, 'thought better of it');
    },
  }),
  'gate-and-abort-read-from-their-rows': deployment('read-rows', {
    desired: { approvals: 1 },
    effects: (state) => ({
      watchBake: async () => {
        if (state.observed === 0) await sleep(30_000);
        return healthy;
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'waiting');
      const forged = { gateId: 'gat_recording', deciderId: 'usr_forged', reason: null };
      await handle.signal('decideGate', { ...forged, decision: 'approve' });
      await handle.signal('abortSync', { reason: 'forged' });
      await sleep(500);
      await decide(handle, state, 'approved');
      await inPhase(handle, 'baking');
      await abort(handle, state, 'alert: error rate');
    },
  }),
  'prune-skipped': deployment('prune-skipped', {
    plan: { prune: { count: 7, needsPerson: true } },
    drive: async (handle, state) => {
      await inPhase(handle, 'waiting');
      await decide(handle, state, 'skipped');
    },
  }),
  'paused-while-it-plans': deployment('planned-paused', {
    effects: (state) => ({
      planSync: async () => {
        if (state.observed === 0) await sleep(2_000);
        return plannedOf(state);
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'planning');
      state.isPaused = true;
      await handle.signal('desiredChanged');
      await inPhase(handle, 'paused');
      state.isPaused = false;
      await handle.signal('desiredChanged');
    },
  }),
  'paused-between-waves-and-drift-healed': deployment('paused', {
    effects: (state) => ({
      awaitWave: async () => {
        await sleep(400);
        return healthy;
      },
      finishSync: async () => {
        state.observed = state.generation;
        state.drift.push({ key: 'apps/Deployment/ns/web#/spec/replicas', manager: 'kubectl' });
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'syncing');
      state.isPaused = true;
      await handle.signal('desiredChanged');
      await inPhase(handle, 'paused');
      state.isPaused = false;
      await handle.signal('desiredChanged');
    },
  }),
  'planning-lost-three-times': deployment('lost', {
    effects: (state) => ({
      planSync: () => Context.current().cancelled,
      refuseDesired: async () => void (state.observed = state.generation),
    }),
    drive: (handle, state) => inPhase(handle, 'idle', () => state.observed === 1, 120_000),
  }),
  'observation-given-up-for-a-change': deployment('blind', {
    effects: (state) => ({
      // the target is away for as long as the first generation is what serves
      observe: async () => {
        if (state.observed === 1) throw new Error('the target does not answer');
        return { revisionChanged: false, drift: [], healthy: true };
      },
    }),
    drive: async (handle, state) => {
      await inPhase(handle, 'idle', () => state.observed === 1);
      await sleep(2_000);
      state.generation = 2;
      await handle.signal('desiredChanged');
    },
  }),
};
