import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import type { Slipway } from './slipway.ts';

/**
 * A small service whose version is what it answers; `broken` never becomes ready, and is given up soon. Any other has
 * minutes: a loaded machine, or a deployer that is being killed, must not make a good version a bad one.
 */
export function appFiles(
  version: string,
  options: { broken?: boolean } = {},
): Record<string, string> {
  const serve =
    options.broken === true ? 'res.statusCode = 500; res.end("broken")' : 'res.end(VERSION)';
  const deadline = options.broken === true ? 10 : 120;
  return {
    '.platform.yaml': `steps:
  - name: package
    network: none
    commands: [tar -czf app.tgz server.mjs]
    artifacts: [{ name: app, path: app.tgz }]
deploy:
  - environment: production
    image: artifact:app
    manifests: apps/app
    bake: 1s
    timeout: ${deadline * 2}s
`,
    'server.mjs': `import { createServer } from 'node:http';
const VERSION = ${JSON.stringify(version)};
const server = createServer((req, res) => { ${serve}; });
server.listen(Number(process.env.PORT), () => console.log('up', VERSION));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`,
    'apps/app/deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: app }
spec:
  replicas: {{ .Values.replicas }}
  progressDeadlineSeconds: ${deadline}
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      containers:
        - name: app
          image: {{ .ImageRef | quote }}
          command: [node, server.mjs]
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { path: /, port: 8080 }, periodSeconds: 1 }
`,
    'apps/app/service.yaml': `apiVersion: v1
kind: Service
metadata: { name: app }
spec:
  selector: { app: app }
  ports: [{ port: 80, targetPort: 8080 }]
`,
    'apps/app/values.yaml': 'replicas: 1\n',
  };
}

/** The parts of a deployment that tests look at. */
export interface ShownDeployment {
  id: string;
  environment: string;
  imageRef: string;
  desiredStatus: string;
  currentStatus: string;
  statusMessage: string | null;
  generation: number;
  observedGeneration: number;
  changeId: string;
  currentSha: string | null;
  liveRevision: { number: number; imageRef: string } | null;
  lastSync: { id: string; status: string; reason: string | null; action: string } | null;
  addresses: { url: string }[];
  drift: { object: string; path: string; manager: string | null }[];
}

/** The deployment of a project's environment when `isWanted` holds; fails with what it last was. */
export async function deploymentWhen(
  slipway: Slipway,
  project: string,
  isWanted: (deployment: ShownDeployment) => boolean,
  timeoutMs = 90_000,
): Promise<ShownDeployment> {
  let last: unknown;
  try {
    return await eventually(async () => {
      const page = await slipway.request('GET', `/api/v1/projects/${project}/deployments`);
      const [found] = (page.body as { items: ShownDeployment[] }).items;
      last = found ?? page.body;
      return found !== undefined && isWanted(found) ? found : undefined;
    }, timeoutMs);
  } catch (error) {
    throw new Error(`never as wanted, last: ${JSON.stringify(last, null, 1)}`, { cause: error });
  }
}

/** True when the last sync has ended and everything desired was looked at. */
export function isSettled(deployment: ShownDeployment): boolean {
  return (
    deployment.observedGeneration === deployment.generation &&
    deployment.currentStatus !== 'syncing' &&
    deployment.addresses.length > 0
  );
}

/** Asks an address again and again until stopped, one request at a time; tells every answer. */
export function watchAddress(url: string): { answers: string[]; stop: () => Promise<void> } {
  const answers: string[] = [];
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      answers.push(
        await fetch(url).then(
          async (answer) => `${String(answer.status)} ${await answer.text()}`,
          (error: unknown) => `failed: ${String((error as Error).cause ?? error)}`,
        ),
      );
      await sleep(20);
    }
  })();
  return {
    answers,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}
