import { setTimeout as sleep } from 'node:timers/promises';
import { plainLine } from './plain-line.mjs';

const pollMs = 300;
const longestMs = 180_000;

/**
 * Prints what the deployer does with what a green run asked for, until it serves or was taken back.
 *
 * @param {{ client: import('./demo-client.mjs').Client, project: string, print: (line: string) => void, paint: (code: number | string, text: string) => string }} options
 * @returns {Promise<{ serves: boolean, url: string | null } | null>} null when nothing was asked of it
 */
export async function followDeployment({ client, project, print, paint }) {
  const until = Date.now() + longestMs;
  const prefix = paint(36, 'deploy');
  let told = '';
  while (Date.now() < until) {
    const { items } = await client.need('GET', `/api/v1/projects/${project}/deployments`);
    const [deployment] = items;
    if (!deployment) return null;
    const line = stateOf(deployment);
    if (line !== told) print(`${prefix} ${line}`);
    told = line;
    const isSettled = deployment.observedGeneration === deployment.generation;
    if (isSettled && deployment.currentStatus !== 'syncing') {
      const url = deployment.addresses[0]?.url ?? null;
      // The first look after a sync finds the address.
      if (deployment.currentStatus === 'failed') return { serves: false, url };
      if (url !== null) return { serves: deployment.lastSync?.status === 'succeeded', url };
    }
    await sleep(pollMs);
  }
  return { serves: false, url: null };
}

/** @param {{ environment: string, currentStatus: string, statusMessage: string | null, lastSync: { status: string, reason: string | null, revision: { number: number } } | null }} deployment */
function stateOf({ environment, currentStatus, statusMessage, lastSync }) {
  const sync = lastSync ? ` · revision ${lastSync.revision.number} ${lastSync.status}` : '';
  const why = statusMessage ?? lastSync?.reason;
  return `${environment}: ${currentStatus}${sync}${why ? ` · ${plainLine(why)}` : ''}`;
}
