import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listAt, part } from '../../adapters/kubernetes/part.ts';
import { saveFaultResult } from '../support/fault-result.ts';
import { liveObject, observed, settled } from '../support/kubernetes/cluster-app.ts';
import {
  type ClusterDeployer,
  deployOwnManifests,
  startClusterDeployer,
} from '../support/kubernetes/cluster-deployer.ts';
import { pauseImage } from '../support/kubernetes/settings.ts';
import { faultScale, Ledger } from '../support/ledger.ts';

/** F5 of the fault plan. */
const rounds = faultScale();
const intervalSeconds = 5;

let deployer: ClusterDeployer;
let deploymentId: string;

/** A version that serves, and whose image is named by each release. */
const files = {
  'apps/app/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  progressDeadlineSeconds: 10
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: {{ .ImageRef | quote }}
          imagePullPolicy: Never
          command: [sleep, '3600']
`,
};

beforeAll(async () => {
  deployer = await startClusterDeployer();
  await deployer.push(files, 'app');
  deploymentId = await deployOwnManifests(deployer, { intervalSeconds });
}, 300_000);

afterAll(async () => {
  await deployer.stop();
}, 120_000);

/** Images of the pods that are ready. */
async function serving(): Promise<string[]> {
  const path = `/api/v1/namespaces/${deployer.namespace}/pods`;
  const pods = listAt(await deployer.send({ method: 'GET', path }), 'items');
  return pods
    .filter((pod) => part(pod, 'status', 'containerStatuses', 0, 'ready') === true)
    .map((pod) => String(part(pod, 'spec', 'containers', 0, 'image')));
}

describe('a release whose image never gets ready', () => {
  it(
    'is rolled back once, by itself, to the image that served, and not tried again [A-DEP-07] [A-DEP-08]',
    async () => {
      const { slipway, project, namespace, send } = deployer;
      const { db } = slipway.database;
      const ledger = new Ledger('bad release');
      const startedMs = performance.now();
      const backMs: number[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        const digest = ledger
          .between(0, 2 ** 31)
          .toString(16)
          .padStart(64, '0');
        const imageRef = `slipway.test/never@sha256:${digest}`;
        const askedMs = performance.now();
        const asked = await slipway.request('PATCH', `/api/v1/deployments/${deploymentId}`, {
          imageRef,
        });
        expect(asked.status).toBe(200);
        ledger.fault('image that never gets ready');
        const found = await settled(slipway, project, ({ lastSync, liveRevision }) => {
          return lastSync?.status === 'undone' && liveRevision?.imageRef === pauseImage;
        });
        backMs.push(performance.now() - askedMs);
        expect(found).toMatchObject({ currentStatus: 'healthy', desiredStatus: 'rollback' });
        await observed(slipway, deploymentId, 2);
        const syncs = await db.deploymentSync.findMany({
          where: { deploymentId, revision: { imageRef } },
        });
        expect(syncs.map(({ status }) => status)).toEqual(['undone']);
        const revision = await db.deploymentRevision.findFirstOrThrow({ where: { imageRef } });
        expect(revision.status).toBe('bad');
      }
      const web = await liveObject(send, namespace, 'Deployment/web');
      expect(part(web, 'spec', 'template', 'spec', 'containers', 0, 'image')).toBe(pauseImage);
      expect(await serving()).toEqual([pauseImage, pauseImage]);
      const syncs = await db.deploymentSync.count({ where: { deploymentId } });
      saveFaultResult('bad-release', 'cluster', {
        seed: ledger.seed,
        faults: Object.fromEntries(ledger.faults),
        runs: rounds,
        converged: backMs.length,
        doubles: syncs - 1 - rounds,
        seconds: Math.round((performance.now() - startedMs) / 1000),
        slowestBackSeconds: Math.round(Math.max(...backMs) / 1000),
      });
      expect(syncs).toBe(1 + rounds);
    },
    60_000 + rounds * 400_000,
  );
});
