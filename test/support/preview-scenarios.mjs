import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Histories of previews, with their deployment as a child. Rows and target are a few variables here; the workflows, the
 * server and the signals are real.
 */

const nothing = async () => undefined;
const healthy = { healthy: true };

const place = { target: 'local', projectId: 'prj_recording', changeId: 'chg_recording' };

/** What previewWorkflow asks for. */
function previewActivities(state) {
  const deployment = () =>
    state.isThere
      ? {
          ...place,
          deploymentId: 'dep_preview',
          summary: 'recording · preview of !1',
          environment: 'preview',
          namespace: 'recording-preview-1',
        }
      : null;
  return {
    planPreview: async () => {
      if (state.isEnding) return { kind: 'end', reason: 'closed', deployment: deployment() };
      state.isThere ||= state.isGreen;
      return { kind: 'keep', restMs: 600_000, deployment: deployment() };
    },
    finishPreview: nothing,
  };
}

function desiredOf(state) {
  return {
    ...place,
    generation: state.generation,
    observedGeneration: state.observed,
    desiredStatus: 'active',
    isPaused: false,
    isDeleting: state.isEnding,
    approvals: 0,
    bakeMs: 0,
    healthTimeoutMs: 60_000,
    selfHeal: true,
    liveRevisionId: null,
  };
}

/** What the deployment of the preview asks for. */
function deploymentActivities(state) {
  return {
    readDesired: async () => (state.isThere ? desiredOf(state) : null),
    planSync: async () => ({
      kind: 'planned',
      syncId: `dsy_${state.generation}`,
      number: state.generation,
      revisionId: `drv_${state.generation}`,
      revisionNumber: state.generation,
      action: 'deploy',
      waves: [{ phase: 'Sync', wave: 0 }],
      prune: { count: 0, needsPerson: false },
    }),
    applyWave: nothing,
    awaitWave: async () => healthy,
    setSyncStatus: nothing,
    finishSync: async () => {
      state.observed = state.generation;
    },
    observe: async () => ({ revisionChanged: false, drift: [], healthy: true }),
    removeAll: nothing,
    forgetDeployment: async () => {
      state.isThere = false;
    },
  };
}

async function until(isSo) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (isSo()) return;
    await sleep(50);
  }
  throw new Error('the preview did not come as far');
}

function preview(name, drive) {
  const state = {
    isGreen: false,
    isThere: false,
    isEnding: false,
    generation: 1,
    observed: 0,
  };
  return {
    type: 'previewWorkflow',
    workflowId: `preview:mrq_${name}`,
    input: { mergeRequestId: `mrq_${name}`, projectId: 'prj_recording' },
    activities: { ...previewActivities(state), ...deploymentActivities(state) },
    drive: (handle) => drive(handle, state),
  };
}

async function comeUp(handle, state) {
  state.isGreen = true;
  await handle.signal('previewChanged');
  await until(() => state.observed === 1);
}

export const previewScenarios = {
  'preview-up-updated-and-closed': preview('closed', async (handle, state) => {
    await sleep(300);
    await comeUp(handle, state);
    state.generation = 2;
    await handle.signal('previewChanged');
    await until(() => state.observed === 2);
    state.isEnding = true;
    await handle.signal('previewChanged');
  }),
  'preview-closed-before-it-was-green': preview('early', async (handle, state) => {
    state.isEnding = true;
    await handle.signal('previewChanged');
  }),
  'preview-cancelled-takes-itself-down': preview('cancelled', async (handle, state) => {
    await comeUp(handle, state);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    if (state.isThere) throw new Error('its deployment was left behind');
  }),
};
