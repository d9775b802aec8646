import type { SendToKube } from '../../../adapters/kubernetes/kube-connection.ts';
import { isStatus } from '../../../adapters/kubernetes/kube-error.ts';
import type { Manifest } from '../../../contracts/deploy/manifest.ts';
import type { Slipway } from '../slipway.ts';
import { type ShownDeployment, deploymentWhen } from '../deployable.ts';
import { eventually } from '../eventually.ts';
import { pauseImage } from './settings.ts';

/** Values of the application's templates, as they stand in its values.yaml. */
export interface AppValues {
  /** what its pods answer, and what every object carries as the annotation `round` */
  round: string;
  /** path that must answer before a pod counts as ready */
  ready?: string;
  /** seconds until a version that is not ready counts as failed */
  deadline?: number;
  /** an object more */
  extra?: boolean;
  /** without more than half of the objects */
  lean?: boolean;
}

/** Objects of `clusterAppFiles` in the order of their application, hooks last. */
export const appObjects = [
  'Secret/keys',
  'ConfigMap/settings',
  'ConfigMap/banner',
  'NetworkPolicy/web',
  'Service/web',
  'Deployment/web',
  'Job/seed',
  'Deployment/worker',
] as const;
export const appHooks = ['Job/migrate', 'Job/smoke'] as const;

const annotated = (more = '') =>
  `annotations: { round: {{ .Values.round | quote }}${more === '' ? '' : `, ${more}`} }`;
const wave = (number: number) => annotated(`slipway.dev/sync-wave: "${String(number)}"`);
const hook = (phase: string) => annotated(`slipway.dev/hook: ${phase}`);

const pod = (name: string, script: string, more: string) => `
    metadata: { labels: { app: ${name} } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      containers:
        - name: app
          image: {{ .ImageRef | quote }}
          imagePullPolicy: Never
          command: [sh, -c, '${script}']
${more}`;

const job = (name: string, when: string) => `apiVersion: batch/v1
kind: Job
metadata: { name: ${name}, ${when} }
spec:
  backoffLimit: 0
  template:${pod(name, 'exit 0', '      restartPolicy: Never\n')}`;

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, ${wave(0)} }
spec:
  replicas: 2
  progressDeadlineSeconds: {{ .Values.deadline }}
  strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
  selector: { matchLabels: { app: web } }
  template:${pod(
    'web',
    'mkdir -p /tmp/www; echo "$ROUND" > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www',
    `          env: [{ name: ROUND, value: {{ .Values.round | quote }} }]
          envFrom: [{ configMapRef: { name: settings } }, { secretRef: { name: keys } }]
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: {{ .Values.ready | quote }}, port: 8080 }, periodSeconds: 1 }
`,
  )}`;

const worker = `apiVersion: apps/v1
kind: Deployment
metadata: { name: worker, ${wave(1)} }
spec:
  replicas: 1
  selector: { matchLabels: { app: worker } }
  template:${pod('worker', 'exec sleep 3600', '')}`;

const settings = `apiVersion: v1
kind: Secret
metadata: { name: keys, ${wave(-1)} }
stringData: { API_KEY: "\${{ secrets.API_KEY }}" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, ${wave(-1)} }
data: { greeting: "hello of {{ .Values.round }}" }
`;

const network = `apiVersion: v1
kind: Service
metadata: { name: web, ${wave(0)} }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, ${wave(0)} }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress: [{ ports: [{ port: 8080 }] }]
  policyTypes: [Ingress]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: banner, ${wave(0)} }
data: { text: welcome }
`;

const extra = `{{ if .Values.extra }}apiVersion: v1
kind: ConfigMap
metadata: { name: extra, ${wave(-1)} }
data: { only: here }
{{ end }}`;

const onlyUnlessLean = (text: string) => `{{ if not .Values.lean }}${text}{{ end }}`;

/** A project whose green run asks for its application on the cluster: kinds, waves and hooks; no image is pulled. */
export function clusterAppFiles(values: AppValues): Record<string, string> {
  const all = { ready: '/', deadline: 120, extra: false, lean: false, ...values };
  return {
    '.platform.yaml': `steps:
  - name: check
    network: none
    commands: ['true']
deploy:
  - environment: production
    image: ${pauseImage}
    target: kubernetes
    manifests: apps/app
    bake: 1s
    timeout: 3m
`,
    'apps/app/settings.yaml': settings,
    'apps/app/network.yaml': onlyUnlessLean(network),
    'apps/app/web.yaml': web,
    'apps/app/worker.yaml': onlyUnlessLean(worker),
    'apps/app/seed.yaml': onlyUnlessLean(job('seed', wave(0))),
    'apps/app/migrate.yaml': job('migrate', hook('PreSync')),
    'apps/app/smoke.yaml': job('smoke', hook('PostSync')),
    'apps/app/extra.yaml': extra,
    'apps/app/values.yaml': Object.entries(all)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
      .join(''),
  };
}

const collections: Readonly<Record<string, string>> = {
  ConfigMap: '/api/v1/namespaces/NS/configmaps',
  Secret: '/api/v1/namespaces/NS/secrets',
  Service: '/api/v1/namespaces/NS/services',
  NetworkPolicy: '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies',
  Deployment: '/apis/apps/v1/namespaces/NS/deployments',
  Job: '/apis/batch/v1/namespaces/NS/jobs',
};

/** Where the objects of a kind are listed, watched and found by name. */
export function collectionPath(kind: string, namespace: string): string {
  return (collections[kind] ?? '').replace('NS', namespace);
}

export const watchedKinds = Object.keys(collections);

/** An object by `Kind/name`, as the API server has it. */
export async function liveObject(
  send: SendToKube,
  namespace: string,
  key: string,
): Promise<Manifest> {
  const [kind = '', name = ''] = key.split('/');
  const path = `${collectionPath(kind, namespace)}/${name}`;
  return (await send({ method: 'GET', path })) as Manifest;
}

/** Whether the API server has the object `Kind/name`. */
export async function isThere(send: SendToKube, namespace: string, key: string): Promise<boolean> {
  try {
    await liveObject(send, namespace, key);
    return true;
  } catch (error) {
    if (isStatus(error, 404)) return false;
    throw error;
  }
}

/** The deployment when its last sync of this or a later generation ended, and everything desired was looked at. */
export async function settled(
  slipway: Slipway,
  project: string,
  isWanted: (found: ShownDeployment) => boolean,
): Promise<ShownDeployment> {
  return await deploymentWhen(
    slipway,
    project,
    (found) =>
      found.observedGeneration === found.generation &&
      found.currentStatus !== 'syncing' &&
      isWanted(found),
    240_000,
  );
}

/** Waits until a deployment at rest was observed `times` more: what its keeper does by itself, it has begun by then. */
export async function observed(slipway: Slipway, id: string, times: number): Promise<void> {
  const { deployment } = slipway.database.db;
  const last = async () => {
    const row = await deployment.findUniqueOrThrow({ where: { id } });
    return row.observedAt?.getTime() ?? 0;
  };
  for (let n = 0; n < times; n += 1) {
    const before = await last();
    await eventually(async () => ((await last()) > before ? true : undefined), 180_000);
  }
}

/** A project with the secret that the application needs. */
export async function makeClusterProject(slipway: Slipway, name: string): Promise<void> {
  const made = await slipway.request('POST', '/api/v1/projects', { name });
  const set = await slipway.request('POST', `/api/v1/projects/admin/${name}/secrets`, {
    name: 'API_KEY',
    value: 'canary-of-the-cluster',
    scope: 'deploy',
  });
  if (made.status !== 201 || set.status !== 201) {
    throw new Error(`no project: ${JSON.stringify([made.body, set.body])}`);
  }
}
